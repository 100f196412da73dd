/* SPDX-License-Identifier: MIT */
/* A server on loopback, which several of the programs share. */
#ifndef HOST_H
#define HOST_H

#include <avow/all.h>

typedef struct host_s {
  uv_loop_t *loop;
  avow_fn serve;           /* called in an async function, with a guest_t */
  void *data;              /* for the program */
  avow_gather_kind_t kind; /* AVOW_ALL: one failure ends it */
  avow_value_t listener;
  avow_promise_t *served;
  char port[8];
} host_t;

typedef struct guest_s {
  host_t *host;
  avow_value_t connection; /* closed after serve() returns */
} guest_t;

/* Call this from an async function. Returns NONE when clients can connect. They
   can connect until host_close(). */
avow_value_t host_open(host_t *host);
void host_close(host_t *host);

/* Returns BYTES, the answer to a line, which is sent on a new connection.
   Returns NONE if the connection ends without an answer. */
avow_value_t host_ask(const host_t *host, const char *line);

#endif
