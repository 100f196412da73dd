/* SPDX-License-Identifier: MIT */
/* Subscriptions of a connection. The server names their subjects when it
   forbids them. */
#ifndef AVOW_NATS_LISTENERS_H
#define AVOW_NATS_LISTENERS_H

#include <stdbool.h>

#include "avow/value.h"

typedef struct op_s op_t;

/* Part of a subscription. */
typedef struct listener_s listener_t;
struct listener_s {
  listener_t *next, **at; /* NULL: in no list */
  const char *subject;
  const char *queue; /* NULL: none */
  op_t *end;         /* ends the subscription; NULL once it was started */
  avow_value_t why;  /* an error if the subscription is forbidden */
};

/* All these functions are called under the thread's mutex. */
void avow__nats_listeners_add(listener_t **list, listener_t *listener);

/* Accepts a listener that is in no list. */
void avow__nats_listeners_remove(listener_t *listener);

/* Whether the server's text forbids this subscription. */
bool avow__nats_is_forbidden(const char *text, const char *subject,
                             const char *queue);

#endif
