/* SPDX-License-Identifier: MIT */
/* What tests of channels send and receive. */
#ifndef ITEMS_H
#define ITEMS_H

#include "harness.h"

/* An item that notes its end. */
avow_value_t thing(char *word);

/* Takes p. */
void assert_settled(avow_promise_t *p, avow_state_t expected);

/* There is room for it. */
void send_int(const avow_channel_t *c, int64_t i);
void assert_next_int(const avow_channel_t *c, int64_t expected);

#endif
