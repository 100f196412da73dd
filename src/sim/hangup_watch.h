/* SPDX-License-Identifier: MIT */
/* Waits until the other end of a stream has gone. */
#ifndef AVOW_SIM_HANGUP_WATCH_H
#define AVOW_SIM_HANGUP_WATCH_H

#include "sim/stream_state.h"

/* Somebody waits for the other end to go. Zeroed, and his own. */
struct sim_vigil_s {
  sim_task_t task;
  sim_stream_t *stream; /* NULL: it has closed, or nobody wants to know */
  uv_loop_t *loop;
  int status;
  void (*gone)(sim_vigil_t *vigil, int status);
};

/* Gone is called once, by a task, and ends the vigil: with 0 when the other end
   has gone, with UV_ECANCELED when the stream has closed or the vigil was
   cancelled. It keeps the loop alive until then. 0 or UV_EBADF. */
int sim_vigil_begin(sim_vigil_t *vigil, uv_stream_t *handle,
                    void (*gone)(sim_vigil_t *vigil, int status));
void sim_vigil_cancel(sim_vigil_t *vigil);
void sim_vigil_end(sim_vigil_t *vigil);

/* The socket of a stream has changed. */
void sim_vigil_look(sim_stream_t *stream);

#endif
