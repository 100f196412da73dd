/* SPDX-License-Identifier: MIT */
/*
 * Channels that libuv feeds. A source is told when items are wanted; it pushes
 * them from its callbacks, between enter and leave.
 */
#ifndef AVOW_SOURCE_H
#define AVOW_SOURCE_H

#include "avow/channel.h"
#include "engine/foreign_close.h"
#include "engine/promise.h"

typedef struct avow__source_s avow__source_t;

/* The beginning of what feeds a channel. Its functions may push, end and fail
   in their turn, as their last deed. */
struct avow__source_s {
  avow__link_t link; /* among the untold, if it is one */
  avow__foreign_close_t foreign_close;
  avow__context_t *context; /* set by avow__source_new() */
  avow_channel_t *channel;  /* not counted; set by avow__channel_feed() */
  bool flows;               /* items are wanted: to be resumed, not paused */
  bool told;                /* what it heard of that last */
  bool untold;
  bool unwanted; /* its channel has ended: to be stopped */
  bool awaited;
  bool busy; /* items come in a row */
  int code;  /* once unwanted: what its channel says of further items */
  /* Expects something while somebody waits, and only then. NULL: none. */
  avow__port_t *port;
  /* Kept referenced while somebody waits, and only then. NULL: none. */
  uv_handle_t *handle;
  /* There is room, or somebody waits: start, or hand over what has come. */
  void (*resume)(avow__source_t *source);
  /* There is neither: hold back; NULL if that is nothing to do. What is pushed
     all the same is kept. */
  void (*pause)(avow__source_t *source);
  /* Somebody asks who does not wait: the next item, if there is one. NULL: it
     is resumed for that. */
  bool (*answer)(avow__source_t *source, avow_value_t *out);
  /* Once, and last: nothing is wanted any more. Stops and frees the source. */
  void (*stop)(avow__source_t *source);
};

/* Zeroed, of size bytes; NULL without memory. */
void *avow__source_new(uv_loop_t *loop, size_t size);

/* It could not be resumed, or has nothing more for now: it wants to be resumed
   when it is asked again. */
static inline void avow__source_pause(avow__source_t *source) {
  source->told = source->flows = false;
}

/* Items come in a row: until that is over the source hears of who asks, and of
   the end, but looks itself whether more are wanted. */
static inline void avow__source_begin_burst(avow__source_t *source) {
  source->busy = true;
}

/* It has not been stopped. */
void avow__source_end_burst(avow__source_t *source);

/* Frees what has no handle yet. */
void avow__source_free(avow__source_t *source);

/* A channel with a source, which is taken: without memory, or on a loop that is
   being closed, it is stopped at once, and the channel inert. */
avow_channel_t *avow__channel_feed(uv_loop_t *loop, size_t room,
                                   avow__source_t *source);

/* The same for a channel that is there. 0, or why not: it has ended, it has a
   source, it could not be made, or its loop is being closed. The source is the
   caller's then. */
int avow__source_attach(const avow_channel_t *channel, avow__source_t *source);

/* For a source that could not be made: an inert channel, as without memory; and
   one that has failed, see avow__error_of(). */
avow_channel_t *avow__channel_none(uv_loop_t *loop);
avow_channel_t *avow__channel_refuse(uv_loop_t *loop, int code,
                                     const char *name, const char *object);

/* Adds an item, which is taken. True if more are wanted; if not, the source may
   have been stopped: the channel fails when it finds no memory for the item. */
bool avow__channel_push(avow_channel_t *channel, avow_value_t item);

/* It gives the same from now on, however often it is asked: it has ended, and
   nothing is inside, or it could not be made. */
bool avow__channel_is_over(const avow_channel_t *channel);

/* Whether that is what it gives: it has failed with this very error. */
bool avow__channel_ends_with(const avow_channel_t *channel,
                             const avow_value_t *error);

/* Whether somebody waits for an item. */
bool avow__channel_is_awaited(const avow_channel_t *channel);

/* For stop(): closes the source's one handle, whose data is the source, and
   frees the source once libuv has let go of it, never within the call. */
void avow__source_close(avow__source_t *source, uv_handle_t *handle);

/* Tells the source what has changed, and that it has ended. It may be gone
   afterwards. */
void avow__source_flow(avow_promise_t *ch);
void avow__source_end(avow_promise_t *ch);

/* Asks it for what it has and nobody has waited for, where nothing is inside.
   False: nothing is there yet. */
bool avow__source_ask(avow_promise_t *ch, avow_value_t *out);

/* For avow__check_loop(). */
void avow__channels_check(avow__context_t *c);

#endif
