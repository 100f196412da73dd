/* SPDX-License-Identifier: MIT */
/* Serving: what a stream accepts, each connection given to a function. */
#ifndef AVOW_SERVE_H
#define AVOW_SERVE_H

#include "engine/promise.h"

typedef struct avow__service_s {
  /* A connection, which is taken. Returns as a handler does; of that only
     UV_ECANCELED counts, which says that no other will be served either. */
  avow_value_t (*serve)(avow_value_t stream, void *data);
  void *data;
  int backlog;
  size_t concurrency; /* of connections at a time */
} avow__service_t;

/* Takes a stream that is bound. NONE once that is closed and all connections
   have been served; when cancelled, which closes it and cancels them, it waits
   for them too. */
avow_promise_t *avow__serve(avow_value_t server,
                            const avow__service_t *service);

/* Calls fn with a connection, and keeps that until what fn returns has settled.
   NONE then, whatever the outcome. */
avow_value_t avow__attend(avow_value_t stream, avow_cb fn, void *data);

#endif
