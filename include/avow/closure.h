/* SPDX-License-Identifier: MIT */
/*
 * Handlers that own their data, for bindings to other languages.
 *
 * avow.hpp uses this header. avow.h does not include it.
 *
 * If such a handler gets NULL in place of an outcome, no outcome will follow.
 * The handler must then release its data, and avow ignores what it returns.
 * This call can happen inside the function that causes it, such as
 * avow_cancel().
 */
#ifndef AVOW_CLOSURE_H
#define AVOW_CLOSURE_H

#include "avow/stackless.h"

AVOW_HEADER_BEGIN

/**
 * Calls `cb`, which owns `data`, with the outcome of `p`.
 *
 * `cb` is called exactly once, and releases `data` before it returns. Normally
 * a job calls it with the outcome of `p`. If no outcome will follow, `cb` gets
 * NULL in place of it. This happens if the returned promise is canceled while
 * `p` has other references, if memory runs out, or if a closing loop calls no
 * more handlers.
 *
 * @settles with the value, or with the outcome of the promise, that `cb`
 *          returned
 * @rejects with the error that `cb` returned
 * @rejects UV_EINVAL if `cb` is NULL; the caller still owns `data`
 * @cancel  While `p` is pending: cancels `p`, and `cb` gets UV_ECANCELED. If
 *          `p` has other references, rejects at once, and `cb` gets NULL. After
 *          `p` has settled: `cb` still runs, and the promise that it returns is
 *          canceled. If `cb` gets UV_ECANCELED: the promise that it returns is
 *          a clean-up. Only a cancellation that arrives after `cb` has returned
 *          cancels this promise.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *(avow_then_closure) (avow_promise_t *p,
                                                            avow_cb cb,
                                                            void *data);

/**
 * Creates a stackless async function, which owns its frame `own`.
 *
 * stackless.h explains such functions and their frames.
 * This call does not call `step`, so that the caller has the promise before the
 * function runs. avow_coroutine_start() must follow. The function then runs
 * like one of avow_stackless().
 *
 * `step` gets one last call with NULL, to release the frame: after its last
 * step, or if no step will follow because the loop closes.
 *
 * @settles with the value, or with the outcome of the promise, that the last
 *          step returned
 * @rejects with the error that the last step returned
 * @rejects UV_EINVAL if `step` or `own` is NULL
 * @cancel  The current await, or the next await of a pending promise, gives
 *          UV_ECANCELED once, as in avow_async().
 */
AVOW_API AVOW_MUST_USE avow_promise_t *(avow_coroutine_new) (uv_loop_t *loop,
                                                             avow_cb step,
                                                             avow_frame_t *own);

/**
 * Starts the function of avow_coroutine_new(), up to its first await.
 *
 * `step` runs inside this call.
 *
 * @returns true if the function was started. False if `p` is already rejected,
 *          because an argument was invalid, memory ran out or the loop closes.
 *          In this case `step` is never called, and the caller owns the frame.
 *          Also false for a second call, which has no effect.
 */
AVOW_API bool avow_coroutine_start(const avow_promise_t *p);

AVOW_HEADER_END

#endif
