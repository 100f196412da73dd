/* SPDX-License-Identifier: MIT */
/*
 * Signals. The handle listens from the start, so that no signal is lost between
 * two receives. A signal that arrives while no receiver waits is stored, once.
 */
#include <stdio.h>

#include "avow/process.h"
#include "channel/channel.h"

typedef struct {
  avow__source_t source;
  uv_signal_t handle;
  bool raised;
} signal_listener_t;

static void signal_resume(avow__source_t *source) {
  signal_listener_t *listener = (signal_listener_t *) source;
  if (!listener->raised)
    return;
  listener->raised = false;
  (void) avow__channel_push(source->channel, avow_int(listener->handle.signum));
}

static void on_signal(uv_signal_t *handle, int signum) {
  signal_listener_t *listener = handle->data;
  avow__context_t *c = listener->source.context;
  avow__enter(c);
  listener->raised = true;
  if (listener->source.flows)
    signal_resume(&listener->source);
  avow__leave(c);
}

static void signal_stop(avow__source_t *source) {
  avow__source_close(source,
                     (uv_handle_t *) &((signal_listener_t *) source)->handle);
}

static avow_channel_t *signal_refuse(uv_loop_t *loop, int err, int signum) {
  char number[16];
  (void) snprintf(number, sizeof(number), "%d", signum); /* always fits */
  return avow__channel_refuse(loop, err, "signal", number);
}

avow_channel_t *avow_signals(uv_loop_t *loop, int signum) {
  avow__check_ready(loop);
  signal_listener_t *listener = avow__source_new(loop, sizeof(*listener));
  if (listener == NULL)
    return avow__channel_none(loop);
  int err = uv_signal_init(loop, &listener->handle);
  if (err != 0) {
    avow__source_free(&listener->source);
    return signal_refuse(loop, err, signum);
  }
  listener->handle.data = listener;
  listener->source.handle = (uv_handle_t *) &listener->handle;
  listener->source.resume = signal_resume;
  listener->source.stop = signal_stop;
  err = uv_signal_start(&listener->handle, on_signal, signum);
  if (err == 0)
    return avow__channel_feed(loop, 0, &listener->source);
  signal_stop(&listener->source);
  return signal_refuse(loop, err, signum);
}
