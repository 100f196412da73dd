/* SPDX-License-Identifier: MIT */
/*
 * Functions that own their data, as bindings to other languages need them.
 *
 * Lambdas and coroutines of other languages work in this way: avow.hpp is built
 * on these functions. The functions are not part of avow.h.
 *
 * If such a function gets NULL in place of a result, no result will follow. The
 * function then releases its data, and what the function returns is dropped.
 * That call may come inside the function that causes it, such as avow_cancel().
 */
#ifndef AVOW_CLOSURE_H
#define AVOW_CLOSURE_H

#include "avow/stackless.h"

AVOW_HEADER_BEGIN

/**
 * Calls `cb`, which owns `data`, with the outcome of `p`.
 *
 * `cb` is called exactly once. Normally `cb` gets the outcome of `p` from a
 * job, and releases `data` before it returns. If no outcome will reach it, `cb`
 * gets NULL in place of the outcome. There is no outcome if the returned
 * promise is canceled while others hold `p`, if the loop closes, or if the
 * program is out of memory.
 *
 * @settles as the value or promise that `cb` returned
 * @rejects the code of the error that `cb` returned
 * @rejects UV_EINVAL if `cb` is NULL
 * @cancel  Cancels `p`, and `cb` gets UV_ECANCELED. If others hold `p`, rejects
 *          at once, and `cb` gets NULL. If `p` has settled, `cb` still runs,
 *          and a promise that it returns is canceled.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *(avow_then_closure) (avow_promise_t *p,
                                                            avow_cb cb,
                                                            void *data);

/**
 * Creates an async function without a stack, which owns its frame `own`.
 *
 * The call is the first half of an avow_stackless(), so that the caller has the
 * promise before the function runs. This call does not call `step`:
 * avow_coroutine_start() must follow.
 *
 * `step` gets one last call with NULL, to release the frame: after its last
 * step, or if no step will follow because the loop closes.
 *
 * @settles as the value or promise that the last step returned
 * @rejects the code of the error that the last step returned
 * @rejects UV_EINVAL if `step` or `own` is NULL
 * @cancel  The current await, or the next one that has to wait, gives
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
 * @returns true if the function was started; false if `p` was rejected when it
 *          was created, because of its arguments, of memory or of a closing
 *          loop. Then `step` is never called, and the caller owns the frame.
 *          Also false for a second call, which has no effect.
 */
AVOW_API bool avow_coroutine_start(const avow_promise_t *p);

AVOW_HEADER_END

#endif
