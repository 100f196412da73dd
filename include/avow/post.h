/* SPDX-License-Identifier: MIT */
/*
 * Functions with which other threads act on the thread of a loop.
 *
 * avow_post() calls a function on the thread of the loop. A remote settles a
 * promise of the loop. A sender (sender.h) sends items to a channel.
 *
 * A mailbox stands for the loop, and stays valid when the loop is closed. Other
 * threads cannot use the uv_loop_t, because the loop may be closed and its
 * memory reused.
 *
 * avow_post() allocates memory and can fail. A remote is allocated when it is
 * created, so settling it cannot run out of memory.
 *
 * Signal handlers must not call functions of this header, because each may lock
 * a mutex. To receive signals, use avow_signals().
 */
#ifndef AVOW_POST_H
#define AVOW_POST_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** A reference-counted mailbox of a loop, to which any thread may post. */
typedef struct avow_mailbox_s avow_mailbox_t;

/**
 * Creates a mailbox of `loop`; never returns NULL.
 *
 * The caller must be on the loop's thread. A mailbox keeps the loop alive until
 * its last reference is released.
 *
 * @returns the mailbox; if it could not be created, a mailbox to which each
 *          avow_post() fails with the reason
 */
AVOW_API AVOW_MUST_USE avow_mailbox_t *avow_mailbox_new(uv_loop_t *loop);

/**
 * Calls `fn` and then `free_fn` with `data` on the loop's thread.
 *
 * The call returns without waiting for `fn`. Posts run in the order in which
 * they were sent. The jobs that a post queues run before the next post.
 *
 * `free_fn`, which may be NULL, is called exactly once. If avow_post() fails,
 * `free_fn` is called within the call. A closing loop may call `free_fn`
 * without `fn`.
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

/** A deferred that any thread may settle, once. */
typedef struct avow_remote_s avow_remote_t;

/**
 * Creates a promise that any thread can settle with the remote in `*out`.
 *
 * The caller must be on the loop's thread. The promise keeps the loop alive
 * while it is pending. All remotes of a loop share one uv_async_t.
 *
 * @settles with the value that was passed to avow_remote_resolve()
 * @rejects with the error that was passed to avow_remote_resolve() or
 *          avow_remote_reject()
 * @rejects AVOW_EBROKEN if the remote is dropped
 * @cancel  Rejects at once. The holder of `*out` must still settle or drop it.
 *          The value is then released.
 * @see     uv_async_init()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_remote_new(uv_loop_t *loop,
                                                       avow_remote_t **out);

/**
 * Resolves the promise of `r` with `v` on the loop's thread.
 *
 * The call takes ownership of `r` and `v`. Three kinds of values cannot change
 * threads: promises, objects whose class is not `sendable` or has a `then`
 * function, and values that are nested more than 31 levels deep. Neither can a
 * value that contains one of these. If `v` cannot change threads, the promise
 * rejects with AVOW_EMISUSE. If `v` itself is a promise, the call is also
 * misuse.
 *
 * @returns 0 if `v` was sent, also if the promise is no longer pending
 * @error   UV_ECANCELED if the loop is closed or the remote was not created
 * @thread  any
 */
AVOW_API int avow_remote_resolve(avow_remote_t *r, avow_value_t v);

/**
 * Rejects the promise of `r` with `error` on the loop's thread.
 *
 * The call takes ownership of `r` and `error`. If `error` is not an error, the
 * promise rejects with AVOW_EREASON, and `error` is the cause. If `error`
 * cannot change threads (see avow_remote_resolve()), the promise rejects with
 * AVOW_EMISUSE.
 *
 * @returns 0 if `error` was sent, also if the promise is no longer pending
 * @error   UV_ECANCELED if the loop is closed or the remote was not created
 * @thread  any
 */
AVOW_API int avow_remote_reject(avow_remote_t *r, avow_value_t error);

/**
 * Releases `r`, which may be NULL; its promise rejects with AVOW_EBROKEN.
 *
 * @thread any
 */
AVOW_API void avow_remote_drop(avow_remote_t *r);

AVOW_HEADER_END

#endif
