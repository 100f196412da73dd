/* SPDX-License-Identifier: MIT */
/*
 * Functions that wait, without stacks: what async.h does, in ISO C, for systems
 * and programs that cannot have a stack for each function. Not part of avow.h.
 *
 * The function is called again for each step, jumps to where it was, and
 * returns where it awaits. What has to survive that lies in a struct of the
 * program's, which begins with a frame:
 *
 *   typedef struct {
 *     avow_frame_t frame;
 *     int tries;
 *   } greet_t;
 *
 *   static avow_value_t greet(const avow_value_t *got, void *data) {
 *     greet_t *me = data;
 *     AVOW_BEGIN(&me->frame);
 *     for (me->tries = 3; me->tries > 0; me->tries--) {
 *       AVOW_AWAIT(&me->frame, avow_sleep(loop, 1000));
 *       if (avow_is_error(got))
 *         return avow_value_ref(got);
 *       puts("hello");
 *     }
 *     AVOW_END;
 *   }
 *
 *   avow_promise_t *p = avow_stackless(loop, greet, &me->frame);
 *   return avow_attach(p, me, free);
 *
 * There can be no switch around an await, nor two awaits in a line; functions
 * that greet calls cannot await for it.
 */
#ifndef AVOW_STACKLESS_H
#define AVOW_STACKLESS_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** Where a function without a stack is to go on. */
typedef struct avow_frame_s {
  int line; /* of the await that it is in; 0: the beginning, or the end */
} avow_frame_t;

/**
 * Calls step now, with frame for its data, and again after each await; the
 * promise is resolved with what step returns elsewhere. Order, errors and
 * cancelling are those of avow_async(): got, which is borrowed, is UV_ECANCELED
 * then, once. frame is the caller's, and has to stay until the promise is
 * settled: avow_attach() what is to be freed. UV_EINVAL without one of them.
 * This function initializes frame.
 *
 * (Its name is in parentheses for trace builds, where avow.h may have made a
 * macro of it already.)
 */
AVOW_API AVOW_MUST_USE avow_promise_t *(avow_stackless) (uv_loop_t *loop,
                                                         avow_cb step,
                                                         avow_frame_t *frame);

/** What AVOW_BEGIN() jumps to: the line where the function left off. */
AVOW_INLINE int avow_frame_enter(avow_frame_t *frame) {
  const int line = frame->line;
  frame->line = 0;
  return line;
}

AVOW_HEADER_END

/** Around what step does; past the end it returns none. */
#define AVOW_BEGIN(frame)              \
  switch (avow_frame_enter((frame))) { \
  case 0:

/** Closes what AVOW_BEGIN() opened; a step that gets here returns none. */
#define AVOW_END \
  }              \
  return avow_none()

/**
 * Waits until the promise, which is taken, settles; then got is its value or
 * error, until the next await.
 */
#define AVOW_AWAIT(frame, promise) \
  do {                             \
    (frame)->line = __LINE__;      \
    return avow_follow(promise);   \
  case __LINE__:;                  \
  } while (0)

#endif
