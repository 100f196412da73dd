/* SPDX-License-Identifier: MIT */
/*
 * Fibers of the Windows API. Windows makes their stacks, and its switch
 * provides what exceptions and debuggers need. Only a fiber can switch to
 * another one, so a thread becomes a fiber when it makes its first. It stays
 * one, because other code may have made fibers on that thread meanwhile. The
 * rounding mode is stored here, because Windows starts each fiber with the
 * default.
 */
/* libuv includes windows.h and the headers that must precede it. */
#include "fiber/fiber.h"

#include "base/alloc.h"

#ifdef _WIN32

/* GCC takes the place where Windows stores the fiber for an invalid address. */
#  ifdef __GNUC__
#    pragma GCC diagnostic ignored "-Warray-bounds"
#  endif

/* Bytes of a stack that are committed at once: the smallest page. */
enum { COMMIT = 4096 };

/* Makes this thread a fiber and returns it; NULL if out of memory. */
static void *this_fiber(void) {
  return IsThreadAFiber()
             ? GetCurrentFiber()
             : ConvertThreadToFiberEx(NULL, FIBER_FLAG_FLOAT_SWITCH);
}

static void CALLBACK fiber_enter(void *none) {
  (void) fesetround(avow__fiber_now->spot.rounding); /* a mode that was in
                                                        force */
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

/* Only Windows could wipe the stack. */
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
  (void) fesetround(from->rounding); /* a mode that was in force */
  return from->value;
}

#endif
