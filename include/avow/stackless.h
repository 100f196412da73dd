/* SPDX-License-Identifier: MIT */
/*
 * Async functions without stacks, in ISO C.
 *
 * Use them where a system or a program cannot have a stack for each async
 * function (async.h). avow.h does not include this header.
 *
 * avow calls the function again for each step. The function returns where it
 * awaits, and in the next call jumps to the place where it stopped. So local
 * variables do not survive an await. Store data that must survive in a struct
 * that begins with a frame:
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
 * An await must not stand inside a switch, and a line must not have two awaits.
 * Only the function itself can await, not a function that it calls.
 */
#ifndef AVOW_STACKLESS_H
#define AVOW_STACKLESS_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** The place where an async function without a stack continues. */
typedef struct avow_frame_s {
  int line; /* the line of the await; 0 at the start and at the end */
} avow_frame_t;

/**
 * Calls `step` inside this call, and again after each await.
 *
 * `step` gets `frame` as its data, and the borrowed result of the await as its
 * argument. This function initializes `frame`, which the caller owns. The frame
 * must stay valid until the promise settles: use avow_attach() to free it.
 *
 * Jobs run in the order that they would have with avow_async().
 *
 * @settles with the value, or with the outcome of the promise, that `step`
 *          returned at its end
 * @rejects with the error that `step` returned
 * @rejects UV_EINVAL if `step` or `frame` is NULL
 * @cancel  The current await, or the next await of a pending promise, gives
 *          UV_ECANCELED once. Later awaits wait normally, so that the function
 *          can clean up. A later cancellation cancels the promise that the
 *          function awaits then, unless avow_shield() protects it.
 * @see     ECMA-262, AsyncFunctionStart
 */
AVOW_API AVOW_MUST_USE avow_promise_t *(avow_stackless) (uv_loop_t *loop,
                                                         avow_cb step,
                                                         avow_frame_t *frame);

/**
 * Prepares `frame` for a step; AVOW_BEGIN() calls it.
 *
 * @returns the line of the await at which the function continues; 0 at its
 *          start
 */
AVOW_INLINE int avow_frame_enter(avow_frame_t *frame) {
  const int line = frame->line;
  frame->line = 0;
  return line;
}

AVOW_HEADER_END

/** Begins the body of a function without a stack; AVOW_END ends it. */
#define AVOW_BEGIN(frame)              \
  switch (avow_frame_enter((frame))) { \
  case 0:

/**
 * Ends the body that AVOW_BEGIN() began.
 *
 * A function that arrives here returns NONE.
 */
#define AVOW_END \
  }              \
  return avow_none()

/**
 * Waits until `promise` settles, and takes ownership of it.
 *
 * The argument of the function is then the value or the error, which is valid
 * until the next await.
 */
#define AVOW_AWAIT(frame, promise) \
  do {                             \
    (frame)->line = __LINE__;      \
    return avow_follow(promise);   \
  case __LINE__:;                  \
  } while (0)

#endif
