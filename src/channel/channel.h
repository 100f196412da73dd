/* SPDX-License-Identifier: MIT */
/* Channels, for those who put items into them and take them out. */
#ifndef AVOW_CHANNEL_PRIVATE_H
#define AVOW_CHANNEL_PRIVATE_H

#include "channel/source.h"

uv_loop_t *avow__channel_loop(const avow_channel_t *channel);

/* Makes a place for one more item; false without memory. */
bool avow__channel_grow(avow_promise_t *ch);

/* What one that was made gives; what it ends with if nothing is inside. */
avow_value_t avow__channel_take(avow_promise_t *ch);

/* Puts an item where it belongs: a taker waits for it, or it has a place. */
void avow__channel_give(avow_promise_t *ch, avow_value_t item);

/* Marks the end: last is what comes after all items. */
void avow__channel_finish(avow_promise_t *ch, avow_value_t last);

/* A new channel's block; NULL without memory. */
avow_promise_t *avow__channel_alloc(avow__context_t *c, size_t room);

/* Why one that refuses takes nothing. */
avow_value_t avow__channel_refusal(const avow_promise_t *ch);

/* Settles one who waited in a list of a channel's. */
void avow__channel_settle(avow_promise_t *p, avow_value_t v);

#endif
