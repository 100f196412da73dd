/* SPDX-License-Identifier: MIT */
/* Serving: passes each connection of a stream to a function. */
#ifndef AVOW_SERVE_H
#define AVOW_SERVE_H

#include "engine/promise.h"

typedef struct avow__service_s {
  /* Serves a connection and takes ownership of it. Its result is like a
     handler's. Only UV_ECANCELED matters: it ends the service. */
  avow_value_t (*serve)(avow_value_t stream, void *data);
  void *data;
  int backlog;
  size_t concurrency; /* limit of connections at a time */
} avow__service_t;

/* Takes ownership of a bound stream. Fulfills with NONE when it is closed and
   all connections have been served. Cancellation closes it and cancels the
   connections. The promise then waits for them too. */
avow_promise_t *avow__serve(avow_value_t server,
                            const avow__service_t *service);

/* Calls `fn` with a connection and keeps that until the result of `fn` settles.
   Then returns NONE, whatever the outcome was. */
avow_value_t avow__attend(avow_value_t stream, avow_cb fn, void *data);

#endif
