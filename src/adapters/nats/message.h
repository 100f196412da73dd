/* SPDX-License-Identifier: MIT */
/* Messages: outgoing ones are created here, and incoming ones are objects. */
#ifndef AVOW_NATS_MESSAGE_H
#define AVOW_NATS_MESSAGE_H

#include "avow/nats.h"

/* A line of the protocol has at most 4,096 bytes. They include the subject, the
   reply subject or the name of a queue, and numbers. A longer line ends the
   connection. */
enum { SUBJECT_MAX = 3900 };

/* Parts of a message. `reply` is NULL if no answer is expected. */
typedef struct {
  const char *subject, *reply;
  const avow_value_t *payload;
  const char *const *headers;
} letter_t;

/* Creates the message at *out. Returns NONE or an error. */
avow_value_t avow__nats_message_new(natsMsg **out, const letter_t *letter);

/* Returns an OBJECT. Takes ownership of `msg`. */
avow_value_t avow__nats_message(natsMsg *msg);

#endif
