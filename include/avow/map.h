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
  size_t concurrency;      /* so many at a time; all at once for a number of
                              items, one for those of a channel */
  avow_gather_kind_t kind; /* AVOW_ALL, the default, or AVOW_ALL_SETTLED */
  bool cancels;            /* when one fails, those that run; else not */
} avow_map_options_t;

/**
 * LIST: what fn makes of 0 to n - 1, in this order, as avow_all() or
 * avow_all_settled() have it. fn is called from jobs, in this order. After a
 * failure (all) or when cancelled, which cancels what runs, it is called no
 * more. Settles when all that fn returned has: data may be freed behind it,
 * unless avow_work_detached() has it. options may be NULL. UV_EINVAL for other
 * kinds, and without fn.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_map(
    uv_loop_t *loop, size_t n, avow_map_fn fn, void *data,
    const avow_map_options_t *options);

/**
 * The same for each item of a channel, borrowed, until its end; NONE then.
 * Nothing is kept of an item that is done. concurrency is 1 by default. With
 * AVOW_ALL_SETTLED failures of fn are passed over, and so are items that are
 * errors, such as a connection that could not be accepted. Rejects also with
 * what the channel failed with. Items that were not taken stay in the channel.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_each(
    uv_loop_t *loop, const avow_channel_t *channel, avow_cb fn, void *data,
    const avow_map_options_t *options);

/**
 * avow_each() that keeps the results: LIST of what fn makes of the items, in
 * the order in which these came, as avow_map() has it. With AVOW_ALL_SETTLED
 * items that are errors are in it, too.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_map_channel(
    uv_loop_t *loop, const avow_channel_t *channel, avow_cb fn, void *data,
    const avow_map_options_t *options);

AVOW_HEADER_END

#endif
