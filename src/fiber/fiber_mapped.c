/* SPDX-License-Identifier: MIT */
/*
 * Fibers on stacks that avow maps. The fiber's struct is at the top of its
 * stack, in the page that is used first anyway.
 */
#include "fiber/fiber.h"

enum { CACHE_LINE = 64 };

int avow__fiber_new(const avow__fibers_t *fibers, avow__fiber_t **out) {
  avow__stack_t stack;
  const int err =
      avow__stack_map(fibers->stack_size, fibers->guard_size, &stack);
  if (err != 0)
    return err;
  const size_t used =
      (sizeof(avow__fiber_t) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
  char *at = stack.bottom + stack.size - used;
  avow__fiber_t *f = (avow__fiber_t *) (void *) at;
  *f = (avow__fiber_t){ .stack = stack };
  f->spot.thread = avow__sanitizer_new(&f->sanitizer, stack.bottom, at);
  *out = f;
  return 0;
}

void avow__fiber_free(const avow__fibers_t *fibers, avow__fiber_t *f) {
  const avow__stack_t stack = f->stack;
  avow__sanitizer_end(&f->sanitizer, stack.bottom, (char *) f, f->spot.thread);
  if (fibers->wipe)
    avow__stack_wipe(stack);
  avow__stack_unmap(stack);
}

avow_value_t avow__fiber_begin(avow__fiber_t *f, avow__spot_t *here) {
  f->begun = true;
  return avow__spot_start(here, f->stack.bottom, avow__fiber_room(f),
                          avow__fiber_main, f->spot.thread);
}
