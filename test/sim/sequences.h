/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of calls on two streams that are connected, and what comes
 * of them. Each turn one of the two does something, and what can happen does.
 */
#ifndef AVOW_TEST_SIM_SEQUENCES_H
#define AVOW_TEST_SIM_SEQUENCES_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

typedef struct {
  const char *pipe; /* a name for one */
  int turns;        /* of the loop, each time */
  bool waits;       /* some of them for what happens next */
} sequence_t;

void sequence_run(uint64_t seed, uv_loop_t *loop, const sequence_t *how);

/* Prints what the two have heard. */
void sequence_tell(void);

#endif
