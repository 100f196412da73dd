/* SPDX-License-Identifier: MIT */
/*
 * The memory that a run has: avow's own, for which base/alloc.c is compiled
 * once more with these in place of the system's, and the program's, if it asks
 * here. Each block is known, and allocations fail where the seed says so; what
 * the simulator itself needs does neither.
 */
#include <stdlib.h>

#include "sim/allocations.h"
#include "sim/chance.h"
#include "sim/event_log.h"
#include "sim/memory.h"
#include "sim/world.h"

static void *known(void *p) {
  sim_allocations_add(p);
  return p;
}

static _Thread_local uint64_t asked;

/* Large enough for a block of its own, wherever smaller ones come from. */
bool sim_memory_is_avows(void) {
  enum { LARGE = 100 * 1000 };
  char *bytes;
  const uint64_t before = asked;
  avow_value_unref(avow_bytes_new(LARGE, &bytes));
  return asked > before;
}

static bool memory_fails(void) {
  asked++;
  if (!sim_strikes("memory"))
    return false;
  sim_note("an allocation fails");
  return true;
}

void *avow_sim_malloc(size_t size) {
  return memory_fails() ? NULL : known(malloc(size));
}

void *avow_sim_calloc(size_t n, size_t size) {
  return memory_fails() ? NULL : known(calloc(n, size));
}

void *avow_sim_realloc(void *p, size_t size) {
  if (p == NULL)
    return avow_sim_malloc(size);
  if (memory_fails())
    return NULL;
  sim_allocations_remove(p);
  void *again = realloc(p, size);
  if (again == NULL && size > 0)
    sim_allocations_add(p); /* it stays as it was */
  return known(again);
}

void avow_sim_free(void *p) {
  sim_allocations_remove(p);
  free(p);
}
