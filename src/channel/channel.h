/* SPDX-License-Identifier: MIT */
/* The private interface of channels. */
#ifndef AVOW_CHANNEL_PRIVATE_H
#define AVOW_CHANNEL_PRIVATE_H

#include "channel/source.h"

uv_loop_t *avow__channel_loop(const avow_channel_t *channel);

/* Makes space for one more item; false if out of memory. */
bool avow__channel_grow(avow_promise_t *ch);

/* Returns the next item of a channel, or the value that it ended with if no
   item is buffered. The channel must not be inert (channel.c). */
avow_value_t avow__channel_take(avow_promise_t *ch);

/* Gives an item to a waiting receiver or to the ring, which must have space. */
void avow__channel_give(avow_promise_t *ch, avow_value_t item);

/* Ends the channel. `last` is what receivers get after all items. */
void avow__channel_finish(avow_promise_t *ch, avow_value_t last);

/* Makes the block of a new channel; NULL if out of memory. */
avow_promise_t *avow__channel_alloc(avow__context_t *c, size_t room);

/* The error of a send to a channel that refuses items. */
avow_value_t avow__channel_refusal(const avow_promise_t *ch);

/* Settles a promise that waited in one of the channel's lists. */
void avow__channel_settle(avow_promise_t *p, avow_value_t v);

#endif
