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
 * stage. Closing a stage, or releasing its last reference, releases its input,
 * cancels what runs and releases the items that the stage holds.
 *
 * A stage receives from its input only while a receiver waits at the stage.
 * When that receive is canceled, an item that has not arrived stays in the
 * input. An item that has arrived is kept for the next receiver.
 *
 * When the input ends or fails, the stage does so too, after the items that it
 * holds. An item that is an error passes through each stage without a call of
 * its function, and the receive of that item rejects. Functions are called from
 * jobs. A stage uses constant memory.
 *
 * avow_ticks() makes a channel by the clock. avow_channel_throttle() and
 * avow_channel_debounce() are stages that drop items that follow too soon.
 */
#ifndef AVOW_STAGES_H
#define AVOW_STAGES_H

#include "avow/channel.h"
#include "avow/map.h"

AVOW_HEADER_BEGIN

/**
 * Maps each item of `channel` with `fn`.
 *
 * A promise that `fn` follows is awaited. The error AVOW_ESKIP leaves an item
 * out. Any other error fails the stage after the results before it, and
 * releases `channel`. With the kind AVOW_ALL_SETTLED, the error is the item
 * instead. NONE is no result: it counts as the error UV_EINVAL.
 *
 * `options` may be NULL: `fn` then runs for one item at a time, and only while
 * a receiver waits. With a `concurrency` of 2 or more the stage works ahead. It
 * receives from `channel` without a receiver, which may keep the loop alive. At
 * most `concurrency` items then run or have results that were not received.
 * Results keep the order of the items, unless `unordered` is set.
 *
 * @items   the values that `fn` returned or followed
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
 * `fn` returns or follows an INT: 0 rejects the item, which is released, and
 * any other number accepts it. Any value that is neither an INT nor an error
 * counts as the error AVOW_EMISUSE, and a checked build aborts. An error that
 * `fn` returns, and `options`, have the effect that avow_channel_map()
 * describes.
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
 * The stage releases `channel` before it ends; with `n` 0 it does so at once.
 * Other items stay in `channel`, where other holders can receive them.
 *
 * @items   the first `n` items of `channel`
 * @fails   as `channel` fails
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_take(
    avow_channel_t *channel, size_t n);

/**
 * Collects the items of `channel` in lists of `n` items.
 *
 * A list is shorter if `ms` milliseconds have passed since its first item was
 * received; with `ms` 0 there is no such limit. A list is also shorter before
 * an item that is an error, and at the end. If no receiver waits when a list is
 * complete, the stage keeps it for the next receiver.
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
 * The stage takes ownership of all `n` channels and chooses among them as
 * avow_select() does: each channel has its turn, and the items of one channel
 * keep their order. It ends when all channels have ended. When one fails, the
 * others are released with their buffered items. The cost of an item is in
 * proportion to `n`.
 *
 * @items   the items of `channels`
 * @fails   as the first of `channels` that fails
 * @fails   AVOW_EMISUSE if the channels belong to different loops
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_merge(
    uv_loop_t *loop, avow_channel_t *const channels[], size_t n);

/**
 * Counts ticks: one tick every `ms` milliseconds from now on.
 *
 * A late receiver loses no tick, and ticks do not drift. The loop has a timer
 * only while a receiver waits.
 *
 * @items   INT: the number of ticks since the item before
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
 * The other items are released. A period of `ms` milliseconds begins when the
 * first item is received from `channel`. `edges` selects the first item of a
 * period, the last, or both. If an item passes at the end of a period, the next
 * period begins with it. While no receiver waits at the stage, nothing is
 * received from `channel`.
 *
 * Errors among the items, the end and the failure of `channel` pass at once,
 * after the item that the stage holds.
 *
 * @items   the items of `channel` that `edges` select
 * @fails   as `channel` fails
 * @fails   UV_EINVAL if `edges` is no avow_edge_t
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_throttle(
    avow_channel_t *channel, uint64_t ms, avow_edge_t edges);

/**
 * Passes the items of `channel` after or before a pause of `ms` ms.
 *
 * A burst is a sequence of items without such a pause. `edges` selects the
 * first item of a burst, the last, or both; the other items are released. The
 * pause is measured from the moment at which an item is received from
 * `channel`. While no receiver waits at the stage, nothing is received from
 * `channel`.
 *
 * Errors among the items, the end and the failure of `channel` pass at once,
 * after the item that the stage holds.
 *
 * @items   the items of `channel` that `edges` select
 * @fails   as `channel` fails
 * @fails   UV_EINVAL if `edges` is no avow_edge_t
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_debounce(
    avow_channel_t *channel, uint64_t ms, avow_edge_t edges);

AVOW_HEADER_END

#endif
