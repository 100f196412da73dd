/* SPDX-License-Identifier: MIT */
/* A server on loopback that accepts files. It refuses every third one for lack
   of space. */
#ifndef UPLOAD_SERVER_H
#define UPLOAD_SERVER_H

#include <avow.h>

typedef struct {
  uv_loop_t *loop;
  char address[72]; /* "127.0.0.1:port/" */
  avow_value_t socket;
  avow_channel_t *arrivals;
  avow_promise_t *serving;
  unsigned came;
} upload_server_t;

/* Ends the program on failure. */
void upload_server_start(uv_loop_t *loop, upload_server_t *server);

/* Settles when the last visitor has been served. */
avow_promise_t *upload_server_stop(upload_server_t *server);

#endif
