/* SPDX-License-Identifier: MIT */
/*
 * Calling a function for each of many items, so many at a time.
 */
#ifndef AVOW_MAP_H
#define AVOW_MAP_H

#include "avow/channel.h"
#include "avow/combine.h"

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

AVOW_HEADER_END

#endif
