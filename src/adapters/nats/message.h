/* SPDX-License-Identifier: MIT */
/* Messages: those that are sent are made here, those that come are objects. */
#ifndef AVOW_NATS_MESSAGE_H
#define AVOW_NATS_MESSAGE_H

#include "avow/nats.h"

/* A line of the protocol has 4,096 bytes, in which it is with the subject of
   the answer, or the name of a queue, and numbers: a longer one ends the
   connection. */
enum { SUBJECT_MAX = 3900 };

/* What a message is made of; reply is NULL if nobody is to answer. */
typedef struct {
  const char *subject, *reply;
  const avow_value_t *payload;
  const char *const *headers;
} letter_t;

/* The message, or an error. */
avow_value_t avow__nats_message_new(natsMsg **out, const letter_t *letter);

/* OBJECT: takes msg. */
avow_value_t avow__nats_message(natsMsg *msg);

#endif
