/* SPDX-License-Identifier: MIT */
/* Private interface of loops on threads of their own. */
#ifndef AVOW_LOOPS_PRIVATE_H
#define AVOW_LOOPS_PRIVATE_H

#include "avow/loops.h"

/* Keeps the memory. Calls to closed loops are refused. */
avow_loops_t *avow__loops_ref(const avow_loops_t *loops);
void avow__loops_unref(avow_loops_t *loops);

/* Returns why the set has no loops, or 0. */
int avow__loops_err(const avow_loops_t *loops);

/* Arguments of a server on all loops, with all defaults filled in. */
typedef struct avow__listen_s {
  avow_loops_t *loops; /* borrowed */
  uv_loop_t *home;
  avow_cb fn;
  void *data;
  int backlog;
  size_t concurrency; /* of each loop */
} avow__listen_t;

/* Serves with a listening socket on each loop, at the address of `server`.
   Takes ownership of `server` and stores a promise in *out, which settles when
   the service ends. If this is impossible, returns false, and the caller still
   owns `server`. */
bool avow__loops_share(avow_value_t server, const avow__listen_t *listen,
                       avow_promise_t **out);

#endif
