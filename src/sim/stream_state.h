/* SPDX-License-Identifier: MIT */
/*
 * The state that libuv keeps for a stream, apart from the fields that programs
 * may read. stream_state.c waits for the socket. uv_stream.c listens and reads.
 * uv_write.c writes and shuts down. A callback may close the stream. Its socket
 * is then closed, but its block still exists.
 */
#ifndef AVOW_SIM_STREAM_STATE_H
#define AVOW_SIM_STREAM_STATE_H

#include "sim/socket.h"
#include "sim/uv_handle.h"

/* A request of uv_write(). */
typedef struct sim_write_s {
  struct sim_write_s *next;
  uv_write_t *req;
  int error;
  size_t left;     /* bytes */
  size_t at, n;    /* first buffer that is not fully written; number of
                      buffers */
  uv_buf_t bufs[]; /* the rest of each buffer */
} sim_write_t;

typedef struct {
  sim_write_t *first;
  sim_write_t **end;
} sim_writes_t;

typedef struct sim_stream_s sim_stream_t;

typedef struct sim_hangup_wait_s sim_hangup_wait_t; /* hangup_watch.h */

struct sim_stream_s {
  sim_handle_t base;
  sim_task_t ready; /* set when the socket is ready */
  sim_task_t fed;   /* set when libuv itself reports something */
  uv_stream_t *handle;
  sim_socket_t *socket; /* NULL: not yet opened, or closed */
  unsigned wants;       /* SIM_IN, SIM_OUT: events to poll for */
  bool reading, readable, writable;
  bool ended;   /* the end was read */
  bool emptied; /* the last read did not fill the buffer and left nothing */
  bool shutting, shut;
  bool resets;       /* closes with a reset */
  bool keeps_alive;  /* applies to its socket once it has one */
  int delayed_error; /* of bind() and connect() */
  uv_connect_t *connect;
  uv_shutdown_t *shutdown;
  sim_writes_t writes, written; /* written: done or failed */
  uv_connection_cb on_connection;
  sim_socket_t *accepted;         /* waits for uv_accept() */
  sim_hangup_wait_t *hangup_wait; /* NULL: no wait for a hang-up */
};

/* NULL if the handle was closed. */
static inline sim_stream_t *sim_stream_of(const void *handle) {
  return sim_handle_block(handle);
}

void sim_stream_init(uv_loop_t *loop, void *at, uv_handle_type type);

/* Gives the socket to the stream. */
void sim_stream_take(sim_stream_t *stream, sim_socket_t *socket);

void sim_stream_want(sim_stream_t *stream, unsigned events);
void sim_stream_want_no(sim_stream_t *stream, unsigned events);
void sim_stream_feed(sim_stream_t *stream);

/* Starts a request. */
void sim_stream_begin(sim_stream_t *stream, void *req, uv_req_type type);

/* Starts a connect request. It is pending, or it fails with the delayed
   error. */
void sim_stream_connects(sim_stream_t *stream, uv_connect_t *req,
                         uv_connect_cb cb);

#endif
