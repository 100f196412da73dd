/* SPDX-License-Identifier: MIT */
/*
 * A hash table of the run's blocks, keyed by address, with open addressing. A
 * block lies in the slot that its address hashes to or in a later slot, with no
 * free slot between. Memory that other code allocated is not in the table.
 * Freeing such memory therefore does not hide a leak.
 */
#include "sim/allocations.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/chance.h"
#include "sim/world.h"

enum { LEAST = 256 };

static _Thread_local struct {
  sim_piece_t *at;
  size_t room, n; /* room is a power of two */
  uint64_t serials;
} blocks;

static size_t home_of(const void *at) {
  return (size_t) sim_scatter((uintptr_t) at) & (blocks.room - 1);
}

static size_t next_of(size_t i) {
  return (i + 1) & (blocks.room - 1);
}

/* The slot of the block, or the slot where it would be inserted. */
static size_t place_of(const void *at) {
  size_t i = home_of(at);
  while (blocks.at[i].at != NULL && blocks.at[i].at != at)
    i = next_of(i);
  return i;
}

static void grow(void) {
  sim_piece_t *before = blocks.at;
  const size_t room = blocks.room;
  blocks.room = room == 0 ? LEAST : 2 * room;
  blocks.at = sim_alloc(blocks.room * sizeof(*blocks.at));
  for (size_t i = 0; i < room; i++)
    if (before[i].at != NULL)
      blocks.at[place_of(before[i].at)] = before[i];
  sim_free(before);
}

/* If the address is already in the table, other code freed that block, and this
   block is a new one. */
void sim_allocations_add(const void *at) {
  if (!sim_is_on() || at == NULL)
    return;
  if (2 * blocks.n >= blocks.room)
    grow();
  const size_t i = place_of(at);
  blocks.n += blocks.at[i].at == NULL;
  blocks.at[i] = (sim_piece_t){ at, ++blocks.serials, sim_now() };
}

/* Entries behind the gap move up to it, but never before the slot that their
   address hashes to. */
void sim_allocations_remove(const void *at) {
  if (blocks.n == 0 || at == NULL)
    return;
  size_t gap = place_of(at);
  if (blocks.at[gap].at == NULL)
    return;
  blocks.n--;
  const size_t mask = blocks.room - 1;
  for (size_t i = next_of(gap); blocks.at[i].at != NULL; i = next_of(i)) {
    if (((i - home_of(blocks.at[i].at)) & mask) < ((i - gap) & mask))
      continue;
    blocks.at[gap] = blocks.at[i];
    gap = i;
  }
  blocks.at[gap] = (sim_piece_t){ .at = NULL };
}

size_t sim_allocations_left(sim_piece_t *oldest) {
  *oldest = (sim_piece_t){ .serial = UINT64_MAX };
  for (size_t i = 0; i < blocks.room; i++)
    if (blocks.at[i].at != NULL && blocks.at[i].serial < oldest->serial)
      *oldest = blocks.at[i];
  return blocks.n;
}

void sim_allocations_forget(void) {
  sim_free(blocks.at);
  memset(&blocks, 0, sizeof(blocks));
}
