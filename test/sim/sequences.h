/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of calls on two connected streams, and their effects. In
 * each turn, one of the two streams acts, and then the loop runs until the
 * effects are over.
 */
#ifndef AVOW_TEST_SIM_SEQUENCES_H
#define AVOW_TEST_SIM_SEQUENCES_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

typedef struct {
  const char *pipe; /* a name for a pipe */
  int turns;        /* iterations after each action */
  bool waits;       /* some iterations may block */
} sequence_t;

void sequence_run(uint64_t seed, uv_loop_t *loop, const sequence_t *how);

/* Prints the events of both streams. */
void sequence_tell(void);

#endif
