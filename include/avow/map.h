/* SPDX-License-Identifier: MIT */
/*
 * Calling a function for each of many items, so many at a time.
 */
#ifndef AVOW_MAP_H
#define AVOW_MAP_H

#include "avow/channel.h"
#include "avow/combine.h"
#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** Item i's turn. Returns as a handler does. */
typedef avow_value_t (*avow_map_fn)(size_t i, void *data);

/** Zero in a field stands for its default. */
typedef struct avow_map_options_s {
  size_t concurrency;      /* so many at a time; no limit, stages.h: one */
  avow_gather_kind_t kind; /* AVOW_ALL, the default, or AVOW_ALL_SETTLED */
  bool cancels;            /* when one fails, those that run; else not */
  bool collects;           /* avow_each(): the results; else NONE */
  bool unordered;          /* stages.h: results as they come; else in order */
  uint64_t reserved[4];    /* zeros, else UV_EINVAL: for later versions */
} avow_map_options_t;

/**
 * LIST: what fn makes of 0 to n - 1, in this order, as avow_all() or
 * avow_all_settled() have it. fn is called from jobs, in this order. After a
 * failure (all) or when cancelled, which cancels what runs, it is called no
 * more. Settles when all that fn returned has: data may be freed behind it,
 * unless avow_work_detached() has it. Where fn returns AVOW_ESKIP, at once or
 * by a promise, its item is left out of the list, whatever the kind. options
 * may be NULL. UV_EINVAL for other kinds, without fn, and for 2^32 - 1 items or
 * more.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_map(
    uv_loop_t *loop, size_t n, avow_map_fn fn, void *data,
    const avow_map_options_t *options);

/**
 * The same for each item of a channel, borrowed, until its end; NONE then, or
 * if the options say so the LIST of the results, in the order in which the
 * items came. fn may be NULL: the LIST is that of the items (Array.fromAsync).
 * Of items that are done nothing else is kept. Without a limit it takes them as
 * fast as they come: set concurrency where memory or order matters. With
 * AVOW_ALL_SETTLED failures of fn are passed over, and so are items that are
 * errors, such as a connection that could not be accepted; a list has them.
 * Rejects also with what the channel failed with. Items that were not taken
 * stay in the channel. This holds the channel: letting go of it does not close
 * it meanwhile; end it, or cancel this.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_each(
    const avow_channel_t *channel, avow_cb fn, void *data,
    const avow_map_options_t *options);

/*
 * Groups: promises of which none outlives the group (structured concurrency).
 */

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

AVOW_HEADER_END

#endif
