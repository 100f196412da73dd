/* SPDX-License-Identifier: MIT */
/*
 * Checked builds: data of handlers that is a local variable. While jobs run,
 * `stack_top` is the frame of avow_run(), or of the callback of libuv if the
 * program called uv_run(). Functions above it return later. A variable below it
 * ends before the next task, and one below the frame of a job has ended. Stacks
 * of async functions are not checked, because their variables last while the
 * function waits.
 */
#include "engine/check_stack.h"

#include <stdint.h>

#include "engine/name.h"
#include "fiber/fiber.h"

#if AVOW__DEBUG

/* The part below the frame of a job that belongs to the same stack for sure:
   the handler needs it. */
enum { BELOW = 16 * 1024 };

static bool is_on_fiber(void) {
#  ifdef AVOW_NO_ASYNC
  return false;
#  else
  return avow__fiber_now != NULL;
#  endif
}

/* Whether `data` is below the frame that runs the loop, and not more than
   `below` bytes below this one. */
static bool is_below_loop(const avow__context_t *c, const void *data,
                          size_t below) {
  const uintptr_t top = (uintptr_t) c->stack_top, at = (uintptr_t) data;
  const uintptr_t here = (uintptr_t) AVOW__FRAME;
  return here < top && !is_on_fiber() && at < top && at >= here - below;
}

void avow__check_data_in(const avow__context_t *c, const void *data,
                         const char *called) {
  if (c->depth > 0 && is_below_loop(c, data, 0))
    avow__misuse_in(called,
                    "data is a local variable, which ends before the handler "
                    "runs; allocate it with malloc(), and free it with "
                    "avow_attach()");
}

static bool has_data(const avow_promise_t *p) {
  return p->kind == AVOW__THEN || p->kind == AVOW__CLOSURE ||
         p->kind == AVOW__ON_SETTLED || p->kind == AVOW__FINALLY ||
         p->kind == AVOW__STEP || p->kind == AVOW__REPEAT ||
         p->kind == AVOW__STACKLESS || p->kind == AVOW__GRANTED;
}

void avow__check_kept_data(const avow__context_t *c, const void *data,
                           const char *kind, const char *name) {
  if (is_below_loop(c, data, BELOW))
    avow__misuse(
        "data of a handler (%s%s%s) was a local variable of a function "
        "that has returned; allocate it with malloc(), and free it with "
        "avow_attach()",
        kind, name != NULL ? " " : "", name != NULL ? name : "");
}

void avow__check_job_data(const avow__context_t *c, const avow_promise_t *p) {
  if (has_data(p))
    avow__check_kept_data(c, p->data, avow__kind_name(p), avow__name_of(p));
}

#else

typedef int avow__nothing_t; /* C requires a declaration in each file */

#endif
