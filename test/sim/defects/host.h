/* SPDX-License-Identifier: MIT */
/* What those of the programs that have a server share: one on loopback. */
#ifndef HOST_H
#define HOST_H

#include <avow/all.h>

typedef struct host_s {
  uv_loop_t *loop;
  avow_fn serve;           /* called in an async function, with a guest_t */
  void *data;              /* the program's */
  avow_gather_kind_t kind; /* AVOW_ALL: ends when one guest fails */
  avow_value_t listener;
  avow_promise_t *served;
  char port[8];
} host_t;

typedef struct guest_s {
  host_t *host;
  avow_value_t connection; /* closed when serve() has returned */
} guest_t;

/* From an async function: NONE when guests may come, until it is closed. */
avow_value_t host_open(host_t *host);
void host_close(host_t *host);

/* BYTES: what it answers to a line, on a connection of its own; NONE if that
   ends without an answer. */
avow_value_t host_ask(const host_t *host, const char *line);

#endif
