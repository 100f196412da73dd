/* SPDX-License-Identifier: MIT */
/*
 * Mailboxes: any thread has a loop call a function, with no promise of it. Of
 * what calls back on other threads this brings the rest to the loop's.
 *
 * It is not by its uv_loop_t that the loop is found: to other threads that is
 * no more than an address, behind which the loop may have ended, or another
 * one have begun. A mailbox outlives its loop.
 */
#ifndef AVOW_POST_H
#define AVOW_POST_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** A mailbox, counted: any thread may have a reference of its own. */
typedef struct avow_mailbox_s avow_mailbox_t;

/**
 * A mailbox of the loop. Called on the loop's thread. Keeps the loop alive
 * until its last reference goes, for until then something may come. Never NULL:
 * one that could not be made says why each time that something is posted.
 */
AVOW_API AVOW_MUST_USE avow_mailbox_t *avow_mailbox_new(uv_loop_t *loop);

/**
 * Calls fn with data on the loop's thread, as a task and in the order of
 * posting, and then free_fn, which may be NULL. From any thread, also the
 * loop's; nothing waits for anything. 0; or UV_ECANCELED if the loop has gone,
 * UV_ENOMEM, UV_EINVAL without fn: then free_fn has been called, here. A loop
 * that is being closed may call fn still, or calls free_fn alone. So free_fn is
 * called once in any case. Not for signal handlers: this allocates memory and
 * locks a mutex. avow_signals() watches signals.
 */
AVOW_API int avow_post(const avow_mailbox_t *mailbox, void (*fn)(void *),
                       void *data, void (*free_fn)(void *));

/** One more reference, for another thread. */
AVOW_API avow_mailbox_t *avow_mailbox_ref(const avow_mailbox_t *mailbox);

/** Lets go of the mailbox, which may be NULL, on any thread. */
AVOW_API void avow_mailbox_unref(avow_mailbox_t *mailbox);

AVOW_HEADER_END

#endif
