/* SPDX-License-Identifier: MIT */
/*
 * Reaching the thread of a loop from any thread. avow_post() calls a function
 * there; a remote settles a promise there. avow/sender.h sends items to a
 * channel.
 *
 * A mailbox stands for the loop because other threads cannot use its uv_loop_t:
 * the loop may be closed, and another loop may begin at the same address. A
 * mailbox outlives its loop.
 *
 * A post is allocated when it is sent, so avow_post() can fail. A remote is
 * allocated when it is created, so settling it cannot run out of memory.
 *
 * No function here is for signal handlers, because each may lock a mutex; use
 * avow_signals() there.
 */
#ifndef AVOW_POST_H
#define AVOW_POST_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** A reference-counted address of a loop that any thread may use. */
typedef struct avow_mailbox_s avow_mailbox_t;

/**
 * Creates a mailbox of `loop`; never returns NULL.
 *
 * The caller must be on the loop's thread. A mailbox keeps the loop alive until
 * its last reference is released, because a post may arrive until then.
 *
 * @returns the mailbox; if it could not be created, a mailbox whose posts fail
 *          with the reason
 */
AVOW_API AVOW_MUST_USE avow_mailbox_t *avow_mailbox_new(uv_loop_t *loop);

/**
 * Calls `fn` and then `free_fn` with `data` on the loop's thread.
 *
 * Each call of `fn` is a task, and posts run in the order in which they were
 * sent. The call never blocks until `fn` has run. `free_fn`, which may be NULL,
 * is called exactly once. If the post fails, avow_post() calls it before it
 * returns. A loop that is being closed may call `free_fn` without `fn`.
 *
 * @returns 0 if the post was sent
 * @error   UV_ECANCELED if the loop is closed
 * @error   UV_EINVAL if `fn` is NULL
 * @error   UV_ENOMEM if there is no memory for the post
 * @thread  any
 */
AVOW_API int avow_post(const avow_mailbox_t *mailbox, void (*fn)(void *),
                       void *data, void (*free_fn)(void *));

/**
 * Adds a reference to `mailbox`.
 *
 * @thread  any
 */
AVOW_API avow_mailbox_t *avow_mailbox_ref(const avow_mailbox_t *mailbox);

/**
 * Releases a reference to `mailbox`, which may be NULL.
 *
 * @thread  any
 */
AVOW_API void avow_mailbox_unref(avow_mailbox_t *mailbox);

/** A deferred that any thread settles, once. */
typedef struct avow_remote_s avow_remote_t;

/**
 * Settles, once, when any thread settles the remote in `*out`.
 *
 * The caller must be on the loop's thread. The promise keeps the loop alive
 * while it is pending. A loop has one handle (uv_async_init()) for all that
 * other threads send.
 *
 * @settles as avow_remote_resolve() or avow_remote_reject() say
 * @rejects AVOW_EBROKEN if the remote is dropped
 * @cancel  Rejects the promise. `*out` stays valid: its holder must still
 *          settle or drop it, and the value is released.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_remote_new(uv_loop_t *loop,
                                                       avow_remote_t **out);

/**
 * Fulfills the promise of `r` with `v` on the loop's thread.
 *
 * Takes ownership of `r` and `v`. `v` must be able to change threads, as
 * described in loops.h: objects only if their class is `sendable`. A result of
 * 0 does not say that the promise was still pending.
 *
 * @returns 0 if `v` was sent; a value that cannot change threads is replaced by
 *          a rejection with AVOW_EMISUSE, which names it
 * @error   UV_ECANCELED if the loop is closed or the remote was not created
 * @thread  any
 */
AVOW_API int avow_remote_resolve(avow_remote_t *r, avow_value_t v);

/**
 * Rejects the promise of `r` with `error` on the loop's thread.
 *
 * Takes ownership of `r` and `error`, which must be able to change threads as
 * for avow_remote_resolve().
 *
 * @returns 0 if `error` was sent
 * @error   UV_ECANCELED if the loop is closed or the remote was not created
 * @thread  any
 */
AVOW_API int avow_remote_reject(avow_remote_t *r, avow_value_t error);

/**
 * Releases `r` and rejects its promise with AVOW_EBROKEN.
 *
 * `r` may be NULL.
 *
 * @thread  any
 */
AVOW_API void avow_remote_drop(avow_remote_t *r);

AVOW_HEADER_END

#endif
