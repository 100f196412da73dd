/* SPDX-License-Identifier: MIT */
/*
 * Maps and groups.
 *
 * A map calls a function for each of many items, at most `concurrency` at a
 * time. A group waits for all promises that were added to it, its children, so
 * that none outlives the group (structured concurrency).
 */
#ifndef AVOW_MAP_H
#define AVOW_MAP_H

#include "avow/channel.h"
#include "avow/combine.h"
#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * Type of the function of avow_map().
 *
 * The function gets the index `i` of an item. Like a handler, it returns a
 * value, an error, or avow_follow(p).
 *
 * @called  on the loop's thread, from a job
 */
typedef avow_value_t (*avow_map_fn)(size_t i, void *data);

/**
 * Options of avow_map(), avow_each() and the stages of stages.h.
 *
 * A field of 0 has its default.
 */
typedef struct avow_map_options_s {
  /* Largest number of items at a time. The default is no limit; in stages, it
     is 1. */
  size_t concurrency;
  /* AVOW_ALL, the default: the first failure ends the map. AVOW_ALL_SETTLED:
     failures are results. */
  avow_gather_kind_t kind;
  /* Whether a failure cancels the promises of other items. Default: false. */
  bool cancels;
  /* avow_each(): whether to collect the results in a LIST. Default: false. */
  bool collects;
  /* Stages: whether results become items as soon as they are ready. The default
     keeps the order of the items. */
  bool unordered;
  uint64_t reserved[4]; /* must be zeros, else UV_EINVAL */
} avow_map_options_t;

/**
 * Calls `fn` for each of the indexes from 0 to `n` - 1, in order.
 *
 * `fn` is called from jobs. It is not called again after a cancellation or,
 * with AVOW_ALL, after a failure. If `fn` returns the error AVOW_ESKIP, or a
 * promise that rejects with it, the results omit this index, even with
 * AVOW_ALL_SETTLED. `options` may be NULL.
 *
 * The promise settles when all promises that `fn` returned have settled. The
 * caller may free `data` then, unless avow_work_detached() still uses it.
 *
 * @settles LIST of the results in the order of the indexes; with
 *          AVOW_ALL_SETTLED, it contains errors, too: see avow_outcome_at()
 * @rejects with the first error of `fn`, with AVOW_ALL
 * @rejects UV_EINVAL if `fn` is NULL, an option is invalid, or `n` is 2^32 - 1
 *          or more
 * @cancel  Cancels the promises that `fn` returned, and rejects when these have
 *          settled.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_map(
    uv_loop_t *loop, size_t n, avow_map_fn fn, void *data,
    const avow_map_options_t *options);

/**
 * Calls `fn` for each item of `channel`, in order, until its end.
 *
 * `fn` is called from jobs. The item is valid until `fn` returns, even if `fn`
 * returns a pending promise. To use the item later, call avow_value_ref().
 * Without `collects`, the results are dropped, so the map uses no memory for
 * items that are done. If `fn` is NULL, the promise fulfills with the LIST of
 * the items. By default, items are received as fast as they arrive. Set
 * `concurrency` to limit the memory, or to 1 to finish each item before the
 * next. `options` may be NULL.
 *
 * With AVOW_ALL, the map ends at the first error of `fn`, or at the first item
 * that is an error, such as the error of a failed accept. Items that were not
 * received stay in the channel. With AVOW_ALL_SETTLED, the map continues after
 * errors, and the results contain the errors. If `fn` returns AVOW_ESKIP, the
 * results omit the item.
 *
 * The map holds a reference to the channel, so the release of another reference
 * does not close the channel. To stop the map, end the channel or cancel the
 * promise. The promise settles when all promises that `fn` returned have
 * settled.
 *
 * @settles NONE; with `collects`, or if `fn` is NULL, LIST of the results in
 *          the order of the items
 * @rejects with the first error of `fn` or the first item that is an error,
 *          with AVOW_ALL
 * @rejects with the error of avow_channel_fail() if the channel fails
 * @rejects UV_EINVAL if an option is invalid
 * @cancel  Cancels the promises that `fn` returned, and rejects when these have
 *          settled.
 * @see     ECMA-262, Array.fromAsync
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_each(
    const avow_channel_t *channel, avow_cb fn, void *data,
    const avow_map_options_t *options);

/** A group of promises, with one owner. */
typedef struct avow_group_s avow_group_t;

/**
 * Creates a group, which waits for all its children.
 *
 * The caller owns `*out`. The caller adds children with avow_group_add() and
 * then calls avow_group_end(). The first child that fails cancels the others
 * with its reason, as avow_cancel_with() does. A child that rejects with
 * UV_ECANCELED does not count as failed. A child with other references is
 * awaited but not canceled. If there is no memory for a group, its children are
 * canceled, and the promise rejects with UV_ENOMEM when they have settled.
 *
 * @settles NONE when the group was ended and all children have settled
 * @rejects with the reason of the first child that failed, when all children
 *          have settled; if others failed, too, the cause of the error is the
 *          LIST of all reasons
 * @cancel  Cancels the children. The promise rejects when they have settled.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_group_new(uv_loop_t *loop,
                                                      avow_group_t **out);

/**
 * Adds `p` as a child of `g`, and drops the value of `p`.
 *
 * If the group is being canceled, the child is canceled, too. A child that has
 * settled uses no memory, so a group may live as long as a server. The promise
 * of the group itself is not a valid child: it fails the group with
 * AVOW_ECYCLE.
 */
AVOW_API void avow_group_add(const avow_group_t *g, avow_promise_t *p);

/**
 * Lets the other children continue when a child fails, from now on.
 *
 * Later failures do not reject the promise of the group, and their reasons are
 * lost. If a reason matters, call avow_catch() on the child before adding it.
 * Isolate the connections of a server, for example: a reset by one client then
 * ends only one connection. Canceling the group still cancels all children.
 */
AVOW_API void avow_group_isolate(const avow_group_t *g);

/** Ends `g`: no child can be added, and the promise of `g` can fulfill. */
AVOW_API void avow_group_end(const avow_group_t *g);

/**
 * Releases `g`, which may be NULL, and ends it if it was not ended.
 *
 * A group has one owner: release it once.
 */
AVOW_API void avow_group_unref(avow_group_t *g);

AVOW_HEADER_END

#endif
