/* SPDX-License-Identifier: MIT */
/*
 * Readiness of sockets. It is level-triggered: while no code reads, libuv would
 * report it in each iteration. So the handle is active only while a receiver
 * waits. If the handlers of an event wait again, the handle was not stopped in
 * between.
 */
#include "avow/net.h"
#include "channel/channel.h"
#include "uv/op.h"

enum { KNOWN = UV_READABLE | UV_WRITABLE | UV_DISCONNECT | UV_PRIORITIZED };

typedef struct {
  avow__source_t source;
  uv_poll_t handle;
  int events;
  bool busy; /* inside its callback */
} poller_t;

static void poll_resume(avow__source_t *source);

static void poll_fail(poller_t *poller, int err) {
  avow_channel_fail(poller->source.channel, avow__error_of(err, "poll", NULL));
}

/* Stops the handle, unless the program has closed it. */
static void quiet(poller_t *poller) {
  if (!uv_is_closing((uv_handle_t *) &poller->handle))
    (void) uv_poll_stop(&poller->handle); /* cannot fail */
}

/* The requested events for which the socket is ready. When the peer has closed,
   libuv may add other events, because 1.52 mistakes its own flags for the
   system's. It may also report only other events. The socket is then ready for
   all. */
static int ready(const poller_t *poller, int events) {
  const int asked = events & poller->events;
  return asked != 0 ? asked : poller->events;
}

/* libuv reports any error of a socket as UV_EBADF and stops the handle. The
   descriptor stays open, and the program's next call on it returns the error.
 */
static bool is_error_of_socket(int status) {
  return status == UV_EBADF;
}

static void poll_tell(poller_t *poller, int events) {
  const avow_value_t item = avow_int(ready(poller, events));
  if (avow__channel_push(poller->source.channel, item))
    poll_resume(&poller->source); /* libuv may have stopped the handle */
}

static void on_poll(uv_poll_t *handle, int status, int events) {
  poller_t *poller = handle->data;
  avow__context_t *c = poller->source.context;
  avow__enter(c);
  poller->busy = true;
  if (status < 0 && !is_error_of_socket(status))
    poll_fail(poller, status);
  else
    poll_tell(poller, status < 0 ? 0 : events);
  avow__leave(c);
  poller->busy = false;
  if (!poller->source.flows)
    quiet(poller);
}

static void poll_resume(avow__source_t *source) {
  poller_t *poller = (poller_t *) source;
  const uv_handle_t *handle = (const uv_handle_t *) &poller->handle;
  if (uv_is_closing(handle) || uv_is_active(handle))
    return;
  const int err = uv_poll_start(&poller->handle, poller->events, on_poll);
  if (err != 0)
    poll_fail(poller, err);
}

static void poll_hold_back(avow__source_t *source) {
  poller_t *poller = (poller_t *) source;
  if (!poller->busy)
    quiet(poller);
}

static void poll_stop(avow__source_t *source) {
  avow__source_close(source, (uv_handle_t *) &((poller_t *) source)->handle);
}

avow_channel_t *avow_polls(uv_loop_t *loop, uv_os_sock_t socket, int events) {
  avow__check_ready(loop);
  if (events == 0 || (events & ~KNOWN) != 0)
    return avow__channel_refuse(loop, UV_EINVAL, "poll", NULL);
  poller_t *poller = avow__source_new(loop, sizeof(*poller));
  if (poller == NULL)
    return avow__channel_none(loop);
  const int err = uv_poll_init_socket(loop, &poller->handle, socket);
  if (err != 0) {
    avow__source_free(&poller->source);
    return avow__channel_refuse(loop, err, "poll", NULL);
  }
  poller->handle.data = poller;
  poller->events = events;
  poller->source.handle = (uv_handle_t *) &poller->handle;
  poller->source.resume = poll_resume;
  poller->source.pause = poll_hold_back;
  poller->source.stop = poll_stop;
  return avow__channel_feed(loop, 0, &poller->source);
}
