/* SPDX-License-Identifier: MIT */
/*
 * Access to the block of a channel. Only code that sends or receives items
 * needs it.
 */
#ifndef AVOW_CHANNEL_INSIDE_H
#define AVOW_CHANNEL_INSIDE_H

#include "channel/channel.h"
#include "channel/ring.h"
#include "engine/check_ownership.h"
#include "engine/extension.h"
#include "engine/settle.h"

/* Data of a loop's channels. */
typedef struct avow__channels_s {
  avow__extension_t extension;
  avow__link_t *untold; /* sources that must be told of a change */
  bool telling;         /* tell_source() is on the stack */
} avow__channels_t;

enum { AVOW__CHANNEL_EXTENSION = 0 };

/* NULL until the loop has a channel. */
static inline avow__channels_t *avow__channels_of(const avow__context_t *c) {
  return (avow__channels_t *) c->extensions[AVOW__CHANNEL_EXTENSION];
}

/* Returns the block of a channel. Checked builds report a freed channel. For an
   inert channel (channel.c) or NULL, returns the rejected promise that stands
   for it. */
#define avow__channel_block(channel) \
  avow__channel_block_in(channel, AVOW__CALLED)
static inline avow_promise_t *avow__channel_block_in(
    const avow_channel_t *channel, const char *called) {
  avow_promise_t *block = avow__given_in(channel, "channel", called);
  avow__check_thread_in(avow__context(block), called);
#if AVOW__DEBUG
  if (block->kind == AVOW__FREE)
    avow__misuse_in(called,
                    "channel used after it was freed%s; call "
                    "avow_channel_ref() before passing it on",
                    avow__freed_in(block));
#endif
  return block;
}

/* Checked builds report a channel that is NULL or freed. */
#if AVOW__DEBUG
#  define avow__check_channel(channel) ((void) avow__channel_block(channel))
#else
#  define avow__check_channel(channel) ((void) (channel))
#endif

static inline bool avow__channel_is_inert(const avow_promise_t *ch) {
  return ch->kind != AVOW__CHANNEL;
}

static inline bool avow__channel_has_ended(const avow_promise_t *ch) {
  return (ch->flags & AVOW__CHANNEL_ENDED) != 0;
}

/* Whether the program may not send to the channel, because it has ended or only
   its source may add items. */
static inline bool avow__channel_refuses(const avow_promise_t *ch) {
  return (ch->flags & (AVOW__CHANNEL_ENDED | AVOW__CHANNEL_FED)) != 0;
}

static inline size_t avow__channel_count(const avow_promise_t *ch) {
  return ch->ring != NULL ? ch->ring->count : 0;
}

static inline bool avow__channel_has_room(const avow_promise_t *ch) {
  return ch->ring != NULL && ch->ring->count < ch->ring->room;
}

/* Whether a receive from a channel that is not inert settles at once. */
static inline bool avow__channel_gives(const avow_promise_t *ch) {
  return avow__channel_count(ch) > 0 || ch->senders != NULL ||
         avow__channel_has_ended(ch);
}

/* Whether a send would deliver or buffer its item at once. */
static inline bool avow__channel_takes(const avow_promise_t *ch) {
  return ch->receivers != NULL || avow__channel_has_room(ch);
}

/* Settles the first promise that waits in one of the channel's lists. */
static inline void avow__channel_settle_first(avow__link_t **list,
                                              avow_value_t v) {
  avow_promise_t *p = (avow_promise_t *) avow__list_take_first(list);
  if (AVOW__UNLIKELY(p->kind == AVOW__CASE || !avow__try_fulfill(p, v)))
    avow__channel_settle(p, v);
}

static inline void avow__channel_flow(avow_promise_t *ch) {
  if (ch->source != NULL && !ch->source->busy)
    avow__source_flow(ch);
}

#endif
