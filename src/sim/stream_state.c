/* SPDX-License-Identifier: MIT */
/*
 * Streams as libuv's loop sees them. The loop polls for the events that a
 * stream wants and calls back when they are ready. Events are level-triggered:
 * a stream that is still ready is reported again.
 */
#include "sim/stream_state.h"

#include "base/container.h"
#include "sim/hangup_watch.h"
#include "sim/uv_stream.h"
#include "sim/uv_write.h"

/* The events that poll() would report to libuv. */
static unsigned told(const sim_stream_t *stream) {
  if (stream->socket == NULL || stream->wants == 0)
    return 0;
  const unsigned events = sim_socket_events(stream->socket) &
                          (stream->wants | SIM_ERROR | SIM_HANGUP);
  const bool alone = events == SIM_ERROR || events == SIM_HANGUP;
  return alone ? events | stream->wants : events;
}

static void on_ready(sim_task_t *task);

static void watch(sim_stream_t *stream) {
  const bool is_ready = told(stream) != 0;
  if (!is_ready)
    sim_task_unset(&stream->ready);
  else if (!sim_task_is_set(&stream->ready))
    sim_task_set(&stream->ready, 0, on_ready);
}

static void on_wake(void *owner) {
  watch(owner);
  sim_hangup_wait_look(owner);
}

void sim_stream_want(sim_stream_t *stream, unsigned events) {
  stream->wants |= events;
  watch(stream);
}

void sim_stream_want_no(sim_stream_t *stream, unsigned events) {
  stream->wants &= ~events;
  watch(stream);
}

void sim_stream_take(sim_stream_t *stream, sim_socket_t *socket) {
  stream->socket = socket;
  socket->owner = stream;
  socket->wake = on_wake;
  if (stream->keeps_alive)
    sim_socket_keep_alive(socket);
}

void sim_stream_begin(sim_stream_t *stream, void *req, uv_req_type type) {
  ((uv_req_t *) req)->type = type;
  sim_request_begin(stream->handle->loop);
}

void sim_stream_connects(sim_stream_t *stream, uv_connect_t *req,
                         uv_connect_cb cb) {
  sim_stream_begin(stream, req, UV_CONNECT);
  req->cb = cb;
  req->handle = stream->handle;
  stream->connect = req;
  if (stream->delayed_error != 0)
    sim_stream_feed(stream);
}

/* Returns SIM_UNDER_WAY while the socket connects. */
static int connect_outcome(sim_stream_t *stream) {
  const int err = stream->delayed_error;
  stream->delayed_error = 0;
  return err != 0 ? err : sim_socket_error(stream->socket);
}

static void connected(sim_stream_t *stream) {
  uv_connect_t *req = stream->connect;
  const int err = connect_outcome(stream);
  if (err == SIM_UNDER_WAY)
    return;
  stream->connect = NULL;
  sim_request_end(stream->handle->loop);
  if (err < 0 || stream->writes.first == NULL)
    sim_stream_want_no(stream, SIM_OUT);
  if (req->cb != NULL)
    req->cb(req, err);
  if (err == 0 || sim_handle_is_closing((uv_handle_t *) stream->handle))
    return;
  sim_stream_flush(stream, UV_ECANCELED);
  sim_stream_write_callbacks(stream);
}

/* A hang-up means that there is no more to read. */
static void hang_up(sim_stream_t *stream) {
  const uv_buf_t none = uv_buf_init(NULL, 0);
  if (stream->reading && stream->emptied && !stream->ended)
    sim_stream_end(stream, &none);
}

static void act(sim_stream_t *stream, unsigned events) {
  if (stream->connect != NULL) {
    connected(stream);
    return;
  }
  if ((events & (SIM_IN | SIM_ERROR | SIM_HANGUP)) != 0)
    sim_stream_read(stream);
  if (stream->socket != NULL && (events & SIM_HANGUP) != 0)
    hang_up(stream);
  if (stream->socket == NULL || (events & ~(unsigned) SIM_IN) == 0)
    return;
  sim_stream_write(stream);
  sim_stream_write_callbacks(stream);
  if (stream->writes.first == NULL)
    sim_stream_drain(stream);
}

static void on_fed(sim_task_t *task) {
  act(AVOW__CONTAINER(sim_stream_t, fed, task), SIM_OUT);
}

/* Events of libuv itself come before events of the socket. */
static void on_ready(sim_task_t *task) {
  sim_stream_t *stream = AVOW__CONTAINER(sim_stream_t, ready, task);
  if (sim_task_is_set(&stream->fed)) {
    sim_task_unset(&stream->fed);
    on_fed(&stream->fed);
  }
  if (stream->on_connection != NULL)
    sim_stream_accept(stream);
  else
    act(stream, told(stream));
  watch(stream);
}

void sim_stream_feed(sim_stream_t *stream) {
  if (!sim_task_is_set(&stream->fed))
    sim_task_set(&stream->fed, 0, on_fed);
}

/* The steps have libuv's order. The callbacks run later. */
static void stream_close(uv_handle_t *handle) {
  sim_stream_t *stream = sim_stream_of(handle);
  sim_task_unset(&stream->fed);
  (void) uv_read_stop(stream->handle); /* always 0 */
  stream->readable = stream->writable = false;
  sim_stream_want_no(stream, SIM_IN | SIM_OUT);
  if (stream->socket != NULL)
    sim_socket_close(stream->socket, stream->resets);
  stream->socket = NULL;
  sim_hangup_wait_look(stream);
  if (stream->accepted != NULL)
    sim_socket_close(stream->accepted, false);
  stream->accepted = NULL;
}

static void stream_closed(uv_handle_t *handle) {
  sim_stream_t *stream = sim_stream_of(handle);
  uv_connect_t *req = stream->connect;
  if (req != NULL) {
    stream->connect = NULL;
    sim_request_end(handle->loop);
    if (req->cb != NULL)
      req->cb(req, UV_ECANCELED);
  }
  sim_stream_flush(stream, UV_ECANCELED);
  sim_stream_write_callbacks(stream);
  sim_stream_drain(stream);
}

static const sim_class_t stream_class = { .close = stream_close,
                                          .closed = stream_closed };

void sim_stream_init(uv_loop_t *loop, void *at, uv_handle_type type) {
  uv_stream_t *handle = at;
  sim_stream_t *stream =
      sim_handle_init(loop, at, type, sizeof(*stream), &stream_class);
  stream->handle = handle;
  stream->ready.loop = stream->fed.loop = loop;
  stream->writes.end = &stream->writes.first;
  stream->written.end = &stream->written.first;
  handle->read_cb = NULL;
  handle->alloc_cb = NULL;
  handle->write_queue_size = 0;
}
