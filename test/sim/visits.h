/* SPDX-License-Identifier: MIT */
/* An echo server and clients that check the echo. They use only functions of
   avow, as a program does. */
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
  const char *bound, *asked; /* hosts of the server and of the clients */
  const char *service;       /* NULL: both are names of pipes */
  unsigned attempts;         /* of each client */
  void (*failed)(int code);  /* called after a failed attempt; may be NULL */

  uv_loop_t *loop;
  avow_value_t server;
  avow_promise_t *served;
  visitor_t visitors[VISITORS];
};

/* `data` is the visits_t. Settles when each client has received its echo. */
avow_promise_t *visits_begin(uv_loop_t *loop, void *data);

#endif
