/* SPDX-License-Identifier: MIT */
/* Selects of two channels, and their results. */
#ifndef CHOICES_H
#define CHOICES_H

#include "harness.h"

/* Receive from either channel, or send to either. */
avow_promise_t *next_of(const avow_channel_t *a, const avow_channel_t *b);
avow_promise_t *send_to(const avow_channel_t *a, avow_value_t to_a,
                        const avow_channel_t *b, avow_value_t to_b);

/* Returns the chosen case of `p`, and stores its value or reason in `*out`.
   Takes ownership of `p`. */
size_t chosen(avow_promise_t *p, avow_value_t *out);

/* Each takes ownership of `p`. */
void assert_chooses_int(avow_promise_t *p, size_t index, int64_t expected);
void assert_chooses_none(avow_promise_t *p, size_t index);
void assert_chooses_failure(avow_promise_t *p, size_t index, int code);

#endif
