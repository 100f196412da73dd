/* SPDX-License-Identifier: MIT */
/* The blocks of memory that a run has allocated and not yet freed. */
#ifndef AVOW_SIM_ALLOCATIONS_H
#define AVOW_SIM_ALLOCATIONS_H

#include <stddef.h>
#include <stdint.h>

typedef struct sim_piece_s {
  const void *at;
  uint64_t serial; /* number of the allocation in its run, from 1 */
  uint64_t made;   /* virtual time of the allocation, in ns */
} sim_piece_t;

/* Has no effect outside a run. */
void sim_allocations_add(const void *at);

/* Has no effect if the block does not belong to the run. */
void sim_allocations_remove(const void *at);

/* The number of blocks that are left. `*oldest` receives the oldest one. */
size_t sim_allocations_left(sim_piece_t *oldest);

/* Empties the table. */
void sim_allocations_forget(void);

#endif
