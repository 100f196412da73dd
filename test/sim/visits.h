/* SPDX-License-Identifier: MIT */
/* A server that gives back what it is sent, and visitors who look at that: in
   avow's verbs alone, as a program has them. */
#ifndef AVOW_TEST_SIM_VISITS_H
#define AVOW_TEST_SIM_VISITS_H

#include "avow/all.h"

enum { VISITORS = 3, VISIT_LEN = 3000 };

typedef struct visits_s visits_t;

typedef struct {
  visits_t *visits;
  avow_value_t stream;
} visitor_t;

struct visits_s {
  const char *bound, *asked; /* the server's host, and what visitors ask for */
  const char *service;       /* NULL: both are names of pipes */
  unsigned attempts;         /* of a visit */
  void (*failed)(int code);  /* an attempt has; may be NULL */

  uv_loop_t *loop;
  avow_value_t server;
  avow_promise_t *served;
  visitor_t visitors[VISITORS];
};

/* data is the visits_t. Settles when all have had their visit. */
avow_promise_t *visits_begin(uv_loop_t *loop, void *data);

#endif
