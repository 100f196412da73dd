/* SPDX-License-Identifier: MIT */
/* Loops on threads of their own: for who uses them on a program's behalf. */
#ifndef AVOW_LOOPS_PRIVATE_H
#define AVOW_LOOPS_PRIVATE_H

#include "avow/loops.h"

/* Keeps the memory; what is asked of loops that are closed is refused. */
avow_loops_t *avow__loops_ref(const avow_loops_t *loops);
void avow__loops_unref(avow_loops_t *loops);

/* Why there are none. */
int avow__loops_err(const avow_loops_t *loops);

/* What a server on all loops was asked for; all defaults are filled in. */
typedef struct avow__listen_s {
  avow_loops_t *loops; /* borrowed */
  uv_loop_t *home;
  avow_cb fn;
  void *data;
  int backlog;
  size_t concurrency; /* of each loop */
} avow__listen_t;

/* Serves by sockets of the loops' own where the server is bound, which is then
   taken: the promise of the end in *out. False if that cannot be done. */
bool avow__loops_share(avow_value_t server, const avow__listen_t *listen,
                       avow_promise_t **out);

#endif
