/* SPDX-License-Identifier: MIT */
/*
 * Channels with a source, such as a handle of libuv, a sender or a stage. A
 * source is told when its channel wants items. It pushes them from its
 * callbacks, between avow__enter() and avow__leave().
 */
#ifndef AVOW_SOURCE_H
#define AVOW_SOURCE_H

#include "avow/channel.h"
#include "engine/foreign_close.h"
#include "engine/promise.h"

typedef struct avow__source_s avow__source_t;

/* The first member of each source. Its functions may push items, or end or fail
   the channel, but only as their last action. */
struct avow__source_s {
  avow__link_t link; /* in the loop's list of untold sources */
  avow__foreign_close_t foreign_close;
  avow__context_t *context; /* set by avow__source_new() */
  avow_channel_t *channel;  /* not counted; set by avow__channel_feed() */
  bool flows;               /* the channel wants items */
  bool told; /* the last value of `flows` that the source was told */
  bool untold;
  bool unwanted; /* its channel has ended; stop() follows */
  bool awaited;
  bool busy; /* it pushes several items in a row */
  int code;  /* once unwanted: the code for further items */
  /* The port keeps the loop alive exactly while a receiver waits. NULL:
     none. */
  avow__port_t *port;
  /* Referenced exactly while a receiver waits. NULL: none. */
  uv_handle_t *handle;
  /* There is capacity, or a receiver waits: starts, or pushes the items that
     have arrived. */
  void (*resume)(avow__source_t *source);
  /* There is no capacity, and no receiver waits: stops producing. Items that
     are still pushed are kept. NULL if nothing needs to be done. */
  void (*pause)(avow__source_t *source);
  /* Returns the next item, if there is one, to a caller that does not wait.
     NULL: the source is resumed for such a caller. */
  bool (*answer)(avow__source_t *source, avow_value_t *out);
  /* Called once, as the last function: stops and frees the source, because no
     more items are wanted. */
  void (*stop)(avow__source_t *source);
};

/* Makes a zeroed source of `size` bytes; NULL if out of memory. */
void *avow__source_new(uv_loop_t *loop, size_t size);

/* Called by a source that could not resume or has no more items now. It is
   resumed when an item is requested again. */
static inline void avow__source_pause(avow__source_t *source) {
  source->told = source->flows = false;
}

/* Called by a source before it pushes several items in a row. Until the burst
   ends, requests do not resume the source; it checks itself whether more items
   are wanted. stop() is still called. */
static inline void avow__source_begin_burst(avow__source_t *source) {
  source->busy = true;
}

/* The source must not have been stopped. */
void avow__source_end_burst(avow__source_t *source);

/* Frees a source that has no handle yet. */
void avow__source_free(avow__source_t *source);

/* Makes a channel with a source and takes ownership of the source. If memory is
   short or the loop is closing, the source is stopped at once and the channel
   is inert. */
avow_channel_t *avow__channel_feed(uv_loop_t *loop, size_t room,
                                   avow__source_t *source);

/* Gives a source to an existing channel. Returns 0 or an error: the channel has
   ended, has a source or could not be made, or its loop is closing. After an
   error, the caller still owns the source. */
int avow__source_attach(const avow_channel_t *channel, avow__source_t *source);

/* Substitutes for a channel whose source could not be made: an inert channel,
   as if out of memory, and a failed channel with an error of avow__error_of().
 */
avow_channel_t *avow__channel_none(uv_loop_t *loop);
avow_channel_t *avow__channel_refuse(uv_loop_t *loop, int code,
                                     const char *name, const char *object);

/* Adds an item and takes ownership of it. Returns true if more items are
   wanted. If not, the source may have been stopped, because the channel fails
   when there is no memory for the item. */
bool avow__channel_push(avow_channel_t *channel, avow_value_t item);

/* Whether every further receive gives the same result: the channel has ended
   and nothing is buffered, or it could not be made. */
bool avow__channel_is_over(const avow_channel_t *channel);

/* Whether the channel is over and has failed with this very error. */
bool avow__channel_ends_with(const avow_channel_t *channel,
                             const avow_value_t *error);

/* Whether a receiver waits for an item. */
bool avow__channel_is_awaited(const avow_channel_t *channel);

/* For stop(): closes the only handle of the source, whose `data` is the source.
   Frees the source when libuv has closed the handle, never within the call. */
void avow__source_close(avow__source_t *source, uv_handle_t *handle);

/* Tell the source that demand has changed, and that the channel has ended. The
   source may be freed afterwards. */
void avow__source_flow(avow_promise_t *ch);
void avow__source_end(avow_promise_t *ch);

/* Asks the source for an item that has arrived; no item may be buffered.
   Returns false if there is none yet. */
bool avow__source_ask(avow_promise_t *ch, avow_value_t *out);

/* Called by avow__check_loop(). */
void avow__channels_check(avow__context_t *c);

#endif
