/* SPDX-License-Identifier: MIT */
#include "sim/hangup_watch.h"

#include "base/container.h"

static bool has_hung_up(const sim_stream_t *stream) {
  return (sim_socket_events(stream->socket) & (SIM_ERROR | SIM_HANGUP)) != 0;
}

static void tell_gone(sim_task_t *task) {
  sim_hangup_wait_t *hangup_wait =
      AVOW__CONTAINER(sim_hangup_wait_t, task, task);
  hangup_wait->gone(hangup_wait, hangup_wait->status);
}

static void tell_soon(sim_hangup_wait_t *hangup_wait, int status) {
  hangup_wait->status = status;
  if (!sim_task_is_set(&hangup_wait->task))
    sim_task_set(&hangup_wait->task, 0, tell_gone);
}

void sim_hangup_wait_look(sim_stream_t *stream) {
  if (stream->hangup_wait == NULL)
    return;
  if (stream->socket == NULL)
    sim_hangup_wait_cancel(stream->hangup_wait);
  else if (has_hung_up(stream))
    tell_soon(stream->hangup_wait, 0);
}

int sim_hangup_wait_begin(sim_hangup_wait_t *hangup_wait, uv_stream_t *handle,
                          void (*gone)(sim_hangup_wait_t *hangup_wait,
                                       int status)) {
  sim_stream_t *stream = sim_stream_of(handle);
  if (stream == NULL || stream->socket == NULL)
    return UV_EBADF;
  hangup_wait->stream = stream;
  hangup_wait->loop = handle->loop;
  hangup_wait->gone = gone;
  hangup_wait->task.loop = handle->loop;
  stream->hangup_wait = hangup_wait;
  sim_request_begin(hangup_wait->loop);
  sim_hangup_wait_look(stream);
  return 0;
}

static void leave(sim_hangup_wait_t *hangup_wait) {
  if (hangup_wait->stream != NULL)
    hangup_wait->stream->hangup_wait = NULL;
  hangup_wait->stream = NULL;
}

void sim_hangup_wait_cancel(sim_hangup_wait_t *hangup_wait) {
  leave(hangup_wait);
  tell_soon(hangup_wait, UV_ECANCELED);
}

void sim_hangup_wait_end(sim_hangup_wait_t *hangup_wait) {
  leave(hangup_wait);
  sim_request_end(hangup_wait->loop);
}
