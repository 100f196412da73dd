/* SPDX-License-Identifier: MIT */
/* A channel and its sender. */
#ifndef LINE_H
#define LINE_H

#include "items.h"

typedef struct {
  avow_channel_t *c;
  avow_sender_t *sender;
} line_t;

/* The test owns both. */
line_t line_new(size_t own_room, size_t room);
void line_end(line_t line);

/* The capacity suffices for them. */
void send_ints(const avow_sender_t *sender, int64_t from, int64_t to);

/* Returns a sendable item that notes its destruction. */
avow_value_t parcel(char *word);

/* Checks each way to send. */
void assert_all_refuse(const avow_sender_t *sender, int code);

/* Runs one iteration. No handle keeps the loop alive. */
void turn(void);

#endif
