/* SPDX-License-Identifier: MIT */
/*
 * Groups: promises of which none outlives the group (structured concurrency).
 */
#ifndef AVOW_GROUP_H
#define AVOW_GROUP_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** A group, which has one owner. */
typedef struct avow_group_s avow_group_t;

/**
 * NONE, once *out, which is yours, was ended and all its children have settled.
 * The first child to reject cancels the others, with its reason; when these
 * have unwound the group rejects with that reason or, if others failed on the
 * way, with its code and message and the LIST of all reasons as cause.
 * UV_ECANCELED is no failure of a child. Cancelling cancels the children, and
 * its rejection waits for them too. A child that others hold as well is waited
 * for, but not cancelled.
 * Without memory for a group its children are cancelled: UV_ENOMEM, after them.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_group_new(uv_loop_t *loop,
                                                      avow_group_t **out);

/**
 * Adds a child; borrows the group. Its value is dropped. One that comes when
 * the group is being cancelled is cancelled too. A child that has settled
 * leaves nothing behind: a group may live as long as its server. The group's
 * own promise, which it would wait for in vain, fails it: AVOW_ECYCLE.
 */
AVOW_API void avow_group_add(const avow_group_t *g, avow_promise_t *p);

/**
 * Has a failure end only the child that fails, from now on: the others go on,
 * and the group settles with NONE. The reason is dropped: use avow_catch() on
 * the child before you add it, if somebody needs to know. For connections of a
 * server, where one that a client resets ends by itself. Cancelling the group
 * still cancels all children.
 */
AVOW_API void avow_group_isolate(const avow_group_t *g);

/** No more children: it may settle as soon as those that it has are over. */
AVOW_API void avow_group_end(const avow_group_t *g);

/** Lets go of g, and ends it if nobody has. Once: it has one owner. */
AVOW_API void avow_group_unref(avow_group_t *g);

/** The same of *g, which may be NULL, and is NULL then. */
AVOW_API void avow_group_clear(avow_group_t **g);

AVOW_HEADER_END

#endif
