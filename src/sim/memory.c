/* SPDX-License-Identifier: MIT */
/*
 * The memory of a run: the memory of avow, and of the program if it calls
 * avow_sim_malloc(). For this, base/alloc.c is compiled again with these
 * functions in place of the system's. Each block is registered, and allocations
 * fail where the seed chooses. Neither applies to the simulator's own memory.
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

/* The block is too large for avow to serve it from a smaller pool. */
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
    sim_allocations_add(p); /* the old block still exists */
  return known(again);
}

void avow_sim_free(void *p) {
  sim_allocations_remove(p);
  free(p);
}
