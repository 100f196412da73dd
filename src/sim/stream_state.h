/* SPDX-License-Identifier: MIT */
/*
 * What libuv keeps of a stream, beside the fields that programs may read:
 * stream_state.c waits for its socket, uv_stream.c listens and reads,
 * uv_write.c writes and shuts down. A callback may close the stream: its socket
 * is then gone, and its block is not.
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
  size_t at, n;    /* the first buffer that is not written, and all */
  uv_buf_t bufs[]; /* what is left of each */
} sim_write_t;

typedef struct {
  sim_write_t *first;
  sim_write_t **end;
} sim_writes_t;

typedef struct sim_stream_s sim_stream_t;

typedef struct sim_vigil_s sim_vigil_t; /* hangup_watch.h */

struct sim_stream_s {
  sim_handle_t base;
  sim_task_t ready; /* the system says that something can be done */
  sim_task_t fed;   /* libuv itself has something to tell */
  uv_stream_t *handle;
  sim_socket_t *socket; /* NULL: none yet, or no more */
  unsigned wants;       /* SIM_IN, SIM_OUT: what is waited for */
  bool reading, readable, writable;
  bool ended;   /* the end was read */
  bool emptied; /* the last read had room for more, and there was none */
  bool shutting, shut;
  bool resets;       /* when it closes */
  bool keeps_alive;  /* its socket, as soon as it has one */
  int delayed_error; /* of bind() and connect() */
  uv_connect_t *connect;
  uv_shutdown_t *shutdown;
  sim_writes_t writes, written; /* written: or failed */
  uv_connection_cb on_connection;
  sim_socket_t *accepted; /* nobody has asked for it yet */
  sim_vigil_t *vigil;     /* NULL: nobody waits for the other end to go */
};

/* NULL if the handle has closed. */
static inline sim_stream_t *sim_stream_of(const void *handle) {
  return sim_handle_block(handle);
}

void sim_stream_init(uv_loop_t *loop, void *at, uv_handle_type type);

/* It has that socket from now on. */
void sim_stream_take(sim_stream_t *stream, sim_socket_t *socket);

void sim_stream_want(sim_stream_t *stream, unsigned events);
void sim_stream_want_no(sim_stream_t *stream, unsigned events);
void sim_stream_feed(sim_stream_t *stream);

/* A request begins. */
void sim_stream_begin(sim_stream_t *stream, void *req, uv_req_type type);

/* A connect is under way, or has failed by the delayed error. */
void sim_stream_connects(sim_stream_t *stream, uv_connect_t *req,
                         uv_connect_cb cb);

#endif
