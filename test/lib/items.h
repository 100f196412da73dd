/* SPDX-License-Identifier: MIT */
/* Items for tests of channels. */
#ifndef ITEMS_H
#define ITEMS_H

#include "harness.h"

/* Returns an item that notes its destruction. */
avow_value_t thing(char *word);

/* Takes ownership of `p`. */
void assert_settled(avow_promise_t *p, avow_state_t expected);

/* Sends `i`. The channel has free capacity. */
void send_int(const avow_channel_t *c, int64_t i);
void assert_next_int(const avow_channel_t *c, int64_t expected);

#endif
