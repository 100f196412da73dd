/* SPDX-License-Identifier: MIT */
/*
 * Fibers that are the system's, which makes their stacks and knows of the
 * switch all that exceptions and debuggers ask it. Only a fiber can leave for
 * another, so a thread becomes one with its first. It stays one: who else has
 * made fibers there meanwhile nobody can tell. How numbers are rounded is kept
 * here: the system begins each fiber with the default.
 */
/* libuv brings windows.h, and before it what has to be there. */
#include "fiber/fiber.h"

#include "base/alloc.h"

#ifdef _WIN32

/* GCC takes where Windows keeps the fiber for an access to nowhere. */
#  ifdef __GNUC__
#    pragma GCC diagnostic ignored "-Warray-bounds"
#  endif

/* How much of a stack is memory right away: the smallest page. */
enum { COMMIT = 4096 };

/* This thread as a fiber; NULL without memory. */
static void *this_fiber(void) {
  return IsThreadAFiber()
             ? GetCurrentFiber()
             : ConvertThreadToFiberEx(NULL, FIBER_FLAG_FLOAT_SWITCH);
}

static void CALLBACK fiber_enter(void *none) {
  (void) fesetround(avow__fiber_now->spot.rounding); /* one that it was */
  avow__fiber_main();
}

int avow__fiber_new(const avow__fibers_t *fibers, avow__fiber_t **out) {
  const size_t size = fibers->stack_size;
  avow__fiber_t *f = this_fiber() != NULL ? avow_calloc(1, sizeof(*f)) : NULL;
  if (f == NULL)
    return UV_ENOMEM;
  f->stack.size = size;
  f->spot.fiber =
      CreateFiberEx(COMMIT, size, FIBER_FLAG_FLOAT_SWITCH, fiber_enter, NULL);
  if (f->spot.fiber != NULL) {
    *out = f;
    return 0;
  }
  avow_free(f);
  return UV_ENOMEM;
}

/* What is on it only the system could wipe. */
void avow__fiber_free(const avow__fibers_t *fibers, avow__fiber_t *f) {
  DeleteFiber(f->spot.fiber);
  avow_free(f);
}

avow_value_t avow__fiber_begin(avow__fiber_t *f, avow__spot_t *here) {
  f->begun = true;
  avow__spot_renew(&f->spot);
  return avow__spot_switch(here, &f->spot, avow_none());
}

avow_value_t avow__spot_switch(avow__spot_t *from, avow__spot_t *to,
                               avow_value_t v) {
  to->value = v;
  from->fiber = this_fiber();
  from->rounding = fegetround();
  SwitchToFiber(to->fiber);
  (void) fesetround(from->rounding); /* one that it was */
  return from->value;
}

#endif
