/* SPDX-License-Identifier: MIT */
/* A channel and its sender. */
#ifndef LINE_H
#define LINE_H

#include "items.h"

typedef struct {
  avow_channel_t *c;
  avow_sender_t *sender;
} line_t;

/* Both are the test's. */
line_t line_new(size_t own_room, size_t room);
void line_end(line_t line);

/* There is room for them. */
void send_ints(const avow_sender_t *sender, int64_t from, int64_t to);

/* An item that may change threads, and notes its end. */
avow_value_t parcel(char *word);

/* However something is sent. */
void assert_all_refuse(const avow_sender_t *sender, int code);

/* One of the loop, where nothing keeps it. */
void turn(void);

#endif
