/* SPDX-License-Identifier: MIT */
/* The blocks of memory that a run has allocated and not freed. */
#ifndef AVOW_SIM_ALLOCATIONS_H
#define AVOW_SIM_ALLOCATIONS_H

#include <stddef.h>
#include <stdint.h>

typedef struct sim_piece_s {
  const void *at;
  uint64_t serial; /* from 1 on, of the run's allocations */
  uint64_t made;   /* ns of virtual time */
} sim_piece_t;

/* Nothing outside of a run. */
void sim_allocations_add(const void *at);

/* Nothing if it is none of the run's. */
void sim_allocations_remove(const void *at);

/* How many there are, and the oldest of them. */
size_t sim_allocations_left(sim_piece_t *oldest);

/* From here on it has none. */
void sim_allocations_forget(void);

#endif
