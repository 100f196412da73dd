/* SPDX-License-Identifier: MIT */
/*
 * Stages: channels that are made of other channels.
 *
 * They do for channels what JavaScript's iterator helpers do for iterators.
 * Each stage is the input of the next one:
 *
 *   c = avow_channel_filter(c, is_wanted, NULL, NULL);
 *   c = avow_channel_map(c, parse, NULL, NULL);
 *   c = avow_channel_take(c, 10);
 *
 * A stage takes ownership of its input, so the caller holds only the last
 * stage. When a stage is closed or its last reference is released, it releases
 * its input and the items that it holds, and cancels the promises that its
 * function returned.
 *
 * A stage receives from its input only while a receiver waits at the stage,
 * unless its `concurrency` is 2 or more. If that receive is canceled, later
 * items stay in the input. An item that the stage has already received is kept
 * for the next receiver.
 *
 * When the input ends or fails, the stage first passes the items that it holds,
 * and then ends or fails, too. An item that is an error passes through each
 * stage without a call of its function, and the receive of that item rejects.
 * Functions are called from jobs. The memory of a stage does not grow with the
 * number of items.
 *
 * avow_ticks() makes a channel of clock ticks. avow_channel_throttle() and
 * avow_channel_debounce() are stages that drop items that follow too soon.
 */
#ifndef AVOW_STAGES_H
#define AVOW_STAGES_H

#include "avow/channel.h"
#include "avow/map.h"

AVOW_HEADER_BEGIN

/**
 * Makes a channel of the results of `fn` for the items of `channel`.
 *
 * If `fn` returns avow_follow(p), the stage waits for `p`. If the result is the
 * error AVOW_ESKIP, the stage omits the item. After any other error, the stage
 * passes the earlier results, fails with the error and releases `channel`. With
 * the kind AVOW_ALL_SETTLED, the error becomes an item instead. The result NONE
 * counts as the error UV_EINVAL.
 *
 * `options` may be NULL. By default `fn` runs for one item at a time, and only
 * while a receiver waits. With a `concurrency` of 2 or more the stage works
 * ahead: it also receives from `channel` while no receiver waits, which may
 * keep the loop alive. At most `concurrency` items are then being mapped or
 * have a result that was not received. Results keep the order of the items,
 * unless `unordered` is set.
 *
 * @items   the values that `fn` returned, or that its promises fulfilled with
 * @fails   as `channel` fails
 * @fails   with the error that `fn` returned, unless AVOW_ALL_SETTLED is set
 * @fails   UV_EINVAL if `fn` is NULL
 * @fails   UV_EINVAL if `concurrency` is 2^20 or more
 * @fails   UV_EINVAL if `kind` is neither AVOW_ALL nor AVOW_ALL_SETTLED
 * @fails   UV_EINVAL if a reserved field is not 0
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_map(
    avow_channel_t *channel, avow_cb fn, void *data,
    const avow_map_options_t *options);

/**
 * Passes the items of `channel` that `fn` accepts.
 *
 * `fn` returns an INT, or follows a promise of an INT. If the INT is 0, the
 * stage releases the item; otherwise the item passes. Any value that is neither
 * an INT nor an error counts as the error AVOW_EMISUSE, and a checked build
 * aborts. See avow_channel_map() for the effect of other errors and of
 * `options`.
 *
 * @items   the items of `channel` that `fn` accepted
 * @fails   as `channel` fails
 * @fails   with the error that `fn` returned, unless AVOW_ALL_SETTLED is set
 * @fails   UV_EINVAL if `fn` is NULL
 * @fails   UV_EINVAL if `concurrency` is 2^20 or more
 * @fails   UV_EINVAL if `kind` is neither AVOW_ALL nor AVOW_ALL_SETTLED
 * @fails   UV_EINVAL if a reserved field is not 0
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_filter(
    avow_channel_t *channel, avow_cb fn, void *data,
    const avow_map_options_t *options);

/**
 * Passes the first `n` items of `channel`, and then ends.
 *
 * After the last item, the stage releases `channel` and ends. If `n` is 0, it
 * does so at once. If `channel` has other references, the other items can still
 * be received from it.
 *
 * @items   the first `n` items of `channel`
 * @fails   as `channel` fails
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_take(
    avow_channel_t *channel, size_t n);

/**
 * Collects the items of `channel` in lists of `n` items.
 *
 * The stage passes a shorter list if `ms` milliseconds have passed since it
 * received the first item of the list. With `ms` 0 there is no such limit. A
 * list is also shorter before an item that is an error, and at the end of
 * `channel`. If no receiver waits when a list is complete, the stage keeps the
 * list for the next receiver.
 *
 * @items   LIST of the items of `channel`
 * @fails   as `channel` fails
 * @fails   UV_EINVAL if `n` is 0
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_batch(
    avow_channel_t *channel, size_t n, uint64_t ms);

/**
 * Merges the items of `n` channels.
 *
 * The stage takes ownership of all `n` channels. If several of them have items,
 * it receives from each equally often. The items of one channel keep their
 * order. The stage ends when all channels have ended. When one channel fails,
 * the stage releases the others. The cost of an item is in proportion to `n`.
 *
 * @items   the items of `channels`
 * @fails   as the first of `channels` that fails
 * @fails   AVOW_EMISUSE if the channels belong to different loops
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_merge(
    uv_loop_t *loop, avow_channel_t *const channels[], size_t n);

/**
 * Makes a channel of ticks, one every `ms` milliseconds from now on.
 *
 * An item counts all ticks since the previous item, so a late receiver misses
 * no tick. Ticks do not drift. A timer runs only while a receiver waits.
 *
 * @items   INT: the number of ticks since the previous item
 * @fails   UV_EINVAL if `ms` is 0
 * @see     uv_timer_start()
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_ticks(uv_loop_t *loop, uint64_t ms);

/** The items of a burst that pass. */
typedef enum avow_edge_e {
  AVOW_EDGE_LEADING = 1,  /* the first, at once */
  AVOW_EDGE_TRAILING = 2, /* the last, when the period or pause is over */
  AVOW_EDGE_BOTH = 3      /* the first; and the last, if it is another item */
} avow_edge_t;

/**
 * Passes at most one item of `channel` in any `ms` milliseconds.
 *
 * A period of `ms` milliseconds begins when the stage receives an item from
 * `channel` outside of a period. `edges` selects the first item of a period,
 * the last, or both, and the stage releases the other items. If an item passes
 * at the end of a period, the next period begins at once. The stage receives
 * from `channel` only while a receiver waits.
 *
 * An item that is an error passes at once, and so do the end and the failure of
 * `channel`. If the stage holds an item, that item passes first.
 *
 * @items   the items of `channel` that `edges` select
 * @fails   as `channel` fails
 * @fails   UV_EINVAL if `edges` is no avow_edge_t
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_throttle(
    avow_channel_t *channel, uint64_t ms, avow_edge_t edges);

/**
 * Passes the first or last item of each burst of items of `channel`.
 *
 * A burst ends when the stage has received no item from `channel` for `ms`
 * milliseconds. `edges` selects the first item of a burst, the last, or both,
 * and the stage releases the other items. The stage receives from `channel`
 * only while a receiver waits.
 *
 * An item that is an error passes at once, and so do the end and the failure of
 * `channel`. If the stage holds an item, that item passes first.
 *
 * @items   the items of `channel` that `edges` select
 * @fails   as `channel` fails
 * @fails   UV_EINVAL if `edges` is no avow_edge_t
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_debounce(
    avow_channel_t *channel, uint64_t ms, avow_edge_t edges);

AVOW_HEADER_END

#endif
