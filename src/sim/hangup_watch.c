/* SPDX-License-Identifier: MIT */
#include "sim/hangup_watch.h"

#include "base/container.h"

static bool has_hung_up(const sim_stream_t *stream) {
  return (sim_socket_events(stream->socket) & (SIM_ERROR | SIM_HANGUP)) != 0;
}

static void tell_gone(sim_task_t *task) {
  sim_vigil_t *vigil = AVOW__CONTAINER(sim_vigil_t, task, task);
  vigil->gone(vigil, vigil->status);
}

static void tell_soon(sim_vigil_t *vigil, int status) {
  vigil->status = status;
  if (!sim_task_is_set(&vigil->task))
    sim_task_set(&vigil->task, 0, tell_gone);
}

void sim_vigil_look(sim_stream_t *stream) {
  if (stream->vigil == NULL)
    return;
  if (stream->socket == NULL)
    sim_vigil_cancel(stream->vigil);
  else if (has_hung_up(stream))
    tell_soon(stream->vigil, 0);
}

int sim_vigil_begin(sim_vigil_t *vigil, uv_stream_t *handle,
                    void (*gone)(sim_vigil_t *vigil, int status)) {
  sim_stream_t *stream = sim_stream_of(handle);
  if (stream == NULL || stream->socket == NULL)
    return UV_EBADF;
  vigil->stream = stream;
  vigil->loop = handle->loop;
  vigil->gone = gone;
  vigil->task.loop = handle->loop;
  stream->vigil = vigil;
  sim_request_begin(vigil->loop);
  sim_vigil_look(stream);
  return 0;
}

static void leave(sim_vigil_t *vigil) {
  if (vigil->stream != NULL)
    vigil->stream->vigil = NULL;
  vigil->stream = NULL;
}

void sim_vigil_cancel(sim_vigil_t *vigil) {
  leave(vigil);
  tell_soon(vigil, UV_ECANCELED);
}

void sim_vigil_end(sim_vigil_t *vigil) {
  leave(vigil);
  sim_request_end(vigil->loop);
}
