/* SPDX-License-Identifier: MIT */
/*
 * Functions that own what they work on, as the lambdas and coroutines of other
 * languages do: avow.hpp is made of these. Not part of avow.h.
 *
 * Such a function is told when it is over by a call with NULL for what it got.
 * It lets go of its data there, and what it returns is dropped; the call may
 * come inside the one that decides it, an avow_cancel() for example.
 */
#ifndef AVOW_CLOSURE_H
#define AVOW_CLOSURE_H

#include "avow/stackless.h"

AVOW_HEADER_BEGIN

/**
 * avow_then() with one handler for both outcomes, to which data belongs. It is
 * called exactly once: with p's outcome, and then lets go of data before it
 * returns; or with NULL, since no outcome will come to it: this is cancelled
 * while others hold p, the loop closes, or there is no memory. UV_EINVAL
 * without cb.
 *
 * (Names are in parentheses for trace builds, where avow.h may have made macros
 * of them already.)
 */
AVOW_API AVOW_MUST_USE avow_promise_t *(avow_then_closure) (avow_promise_t *p,
                                                            avow_cb cb,
                                                            void *data);

/**
 * avow_stackless() in two parts, for who has to have the promise before the
 * function runs, and of a frame that is the function's own: behind its last
 * step, or when none will come any more since the loop closes, step is called
 * once with NULL. This one calls nothing yet; avow_coroutine_start() has to
 * follow.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *(avow_coroutine_new) (uv_loop_t *loop,
                                                             avow_cb step,
                                                             avow_frame_t *own);

/**
 * Begins a coroutine: step runs inside this call, up to where it first awaits.
 * False if avow_coroutine_new() gave a rejection for want of memory, or because
 * the loop closes: step was not called and never will be, and its frame is
 * yours. A second call has no effect and returns false.
 */
AVOW_API bool avow_coroutine_start(const avow_promise_t *p);

AVOW_HEADER_END

#endif
