/* SPDX-License-Identifier: MIT */
/* An echo server and its clients, written with callbacks of libuv only. */
#ifndef AVOW_TEST_SIM_ECHO_H
#define AVOW_TEST_SIM_ECHO_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

enum { ECHO_CLIENTS = 3, ECHO_LEN = 5000, ECHO_PIECES = 7 };

typedef struct echo_s echo_t;

typedef union {
  uv_handle_t handle;
  uv_stream_t stream;
  uv_tcp_t tcp;
  uv_pipe_t pipe;
} echo_handle_t;

typedef struct {
  echo_handle_t u;
  uv_connect_t connect;
  uv_write_t writes[ECHO_PIECES];
  uv_shutdown_t shutdown;
  size_t got;
  int err; /* the first error except UV_EOF */
  bool ended;
} echo_client_t;

struct echo_s {
  uv_loop_t *loop;
  const char *name; /* name of a pipe; NULL: TCP */
  echo_handle_t server;
  echo_client_t clients[ECHO_CLIENTS];
  int left;                   /* clients that are still open */
  void (*done)(echo_t *echo); /* all handles have closed */
  void *data;
};

/* Returns 0, or the error that prevented the start. */
int echo_begin(echo_t *echo, uv_loop_t *loop);

/* Returns whether each client received what it sent. */
bool echo_is_right(const echo_t *echo);

#endif
