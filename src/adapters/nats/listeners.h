/* SPDX-License-Identifier: MIT */
/* Who hears by a connection: its subscriptions, of which the server says by
   their subjects that they are forbidden. */
#ifndef AVOW_NATS_LISTENERS_H
#define AVOW_NATS_LISTENERS_H

#include <stdbool.h>

#include "avow/value.h"

typedef struct op_s op_t;

/* Part of a subscription. */
typedef struct hearer_s hearer_t;
struct hearer_s {
  hearer_t *next, **at; /* NULL: it is in no list */
  const char *subject;
  const char *queue; /* NULL: none */
  op_t *end;         /* has it end, until that is asked for */
  avow_value_t why;  /* an error, if it is forbidden */
};

/* Under the wire's mutex, all of these. */
void avow__nats_hearers_add(hearer_t **list, hearer_t *hearer);

/* Also one that is not there. */
void avow__nats_hearers_remove(hearer_t *hearer);

/* Whether the server's text says that this is forbidden. */
bool avow__nats_is_forbidden(const char *text, const char *subject,
                             const char *queue);

#endif
