/* SPDX-License-Identifier: MIT */
/*
 * Remotes: settling a promise from any thread. Resolving, rejecting and
 * dropping one are functions of avow that any thread may call, beside those of
 * values, mailboxes and inlets; avow_remote_new() is for the loop's own.
 */
#ifndef AVOW_REMOTE_H
#define AVOW_REMOTE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** What settles a promise from any thread, once. */
typedef struct avow_remote_s avow_remote_t;

/**
 * Settles as *out is told to, from any thread (uv_async_init, one for all of a
 * loop). Keeps the loop alive as long as it is pending. Called on the loop's
 * thread. Cancelling rejects it and leaves *out as it is: whoever has that
 * still hands something over, which is released, or lets go.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_remote_new(uv_loop_t *loop,
                                                       avow_remote_t **out);

/**
 * Hands v to the loop and wakes it. Takes r and v. 0, or UV_ECANCELED if the
 * loop has gone or the remote could not be made. That it was 0 does not say
 * that the promise was still pending. What may change threads is as in loops.h:
 * of objects, such as streams, only those of a class that is `sendable`;
 * AVOW_EMISUSE names what may not. Not for signal handlers: this locks a mutex.
 * avow_signals() watches signals.
 */
AVOW_API int avow_remote_resolve(avow_remote_t *r, avow_value_t v);

/** The same with a rejection. */
AVOW_API int avow_remote_reject(avow_remote_t *r, avow_value_t error);

/** Lets go unsettled: the promise rejects with AVOW_EBROKEN. */
AVOW_API void avow_remote_drop(avow_remote_t *r);

AVOW_HEADER_END

#endif
