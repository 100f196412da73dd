/* SPDX-License-Identifier: MIT */
/* Waits until the peer of a stream hangs up. */
#ifndef AVOW_SIM_HANGUP_WATCH_H
#define AVOW_SIM_HANGUP_WATCH_H

#include "sim/stream_state.h"

/* A wait for the hang-up of a peer. The owner zeroes it first. */
struct sim_hangup_wait_s {
  sim_task_t task;
  sim_stream_t *stream; /* NULL: it was closed, or the wait was canceled */
  uv_loop_t *loop;
  int status;
  void (*gone)(sim_hangup_wait_t *hangup_wait, int status);
};

/* A task calls `gone` once, with 0 when the peer has hung up, or with
   UV_ECANCELED when the stream was closed or the wait canceled. `gone` must
   call sim_hangup_wait_end(). The wait keeps the loop alive until then. Returns
   0 or UV_EBADF. */
int sim_hangup_wait_begin(sim_hangup_wait_t *hangup_wait, uv_stream_t *handle,
                          void (*gone)(sim_hangup_wait_t *hangup_wait,
                                       int status));
void sim_hangup_wait_cancel(sim_hangup_wait_t *hangup_wait);
void sim_hangup_wait_end(sim_hangup_wait_t *hangup_wait);

/* Called when the state of the stream's socket has changed. */
void sim_hangup_wait_look(sim_stream_t *stream);

#endif
