/* SPDX-License-Identifier: MIT */
/*
 * Streams: listening and reading. Reads may be cut anywhere. Now and then the
 * system has no descriptor for a new connection.
 */
#include "sim/uv_stream.h"

#include <assert.h>

#include "sim/chance.h"
#include "sim/event_log.h"

SIM_ANCHOR(stream)

/* Listening. */

/* libuv reserves a descriptor for this case: it accepts all waiting connections
   and closes them. */
static void refuse_all(sim_stream_t *stream) {
  sim_socket_t *socket;
  while ((socket = sim_socket_accept(stream->socket)) != NULL)
    sim_socket_close(socket, false);
}

static bool has_no_descriptor(sim_stream_t *stream) {
  if (!sim_strikes("net.descriptors"))
    return false;
  sim_note("no descriptor for a connection at %u", stream->socket->id);
  if (sim_choose(2, "net.spare") == 0)
    refuse_all(stream);
  else
    stream->on_connection(stream->handle, UV_EMFILE);
  return true;
}

static void accept_one(sim_stream_t *stream) {
  if (has_no_descriptor(stream))
    return;
  stream->accepted = sim_socket_accept(stream->socket);
  stream->on_connection(stream->handle, 0);
  if (stream->accepted != NULL) /* uv_accept() was not called yet */
    sim_stream_want_no(stream, SIM_IN);
}

void sim_stream_accept(sim_stream_t *stream) {
  while (stream->socket != NULL && stream->accepted == NULL &&
         sim_socket_events(stream->socket) != 0)
    accept_one(stream);
}

static bool is_connectable(const uv_stream_t *handle) {
  return handle->type == UV_TCP || handle->type == UV_NAMED_PIPE;
}

/* A pipe must be bound first. A TCP handle gets a socket here. */
static int begin_listening(sim_stream_t *stream, int backlog) {
  if (stream->delayed_error != 0)
    return stream->delayed_error;
  if (stream->socket == NULL && stream->handle->type == UV_NAMED_PIPE)
    return UV_EINVAL;
  if (stream->socket == NULL)
    sim_stream_take(stream, sim_socket_new(false, AF_INET));
  return sim_socket_listen(stream->socket, backlog);
}

int uv_listen(uv_stream_t *handle, int backlog, uv_connection_cb cb) {
  if (sim_handle_is_closing((uv_handle_t *) handle) || !is_connectable(handle))
    return UV_EINVAL;
  sim_stream_t *stream = sim_stream_of(handle);
  const int err = begin_listening(stream, backlog);
  if (err != 0)
    return err;
  stream->on_connection = cb;
  sim_stream_want(stream, SIM_IN);
  sim_handle_start((uv_handle_t *) handle);
  return 0;
}

int uv_accept(uv_stream_t *server, uv_stream_t *client) {
  assert(server->loop == client->loop);
  sim_stream_t *from = sim_stream_of(server);
  sim_stream_t *to = sim_stream_of(client);
  if (from == NULL || from->accepted == NULL)
    return UV_EAGAIN;
  if (!is_connectable(client))
    return UV_EINVAL;
  if (to->socket != NULL) {
    sim_socket_close(from->accepted, false);
    from->accepted = NULL;
    return UV_EBUSY;
  }
  sim_stream_take(to, from->accepted);
  from->accepted = NULL;
  to->readable = to->writable = true;
  sim_stream_want(from, SIM_IN);
  return 0;
}

/* Reading. */

static void stop(sim_stream_t *stream) {
  stream->reading = false;
  sim_stream_want_no(stream, SIM_IN);
  sim_handle_stop((uv_handle_t *) stream->handle);
}

void sim_stream_end(sim_stream_t *stream, const uv_buf_t *buf) {
  stream->ended = true;
  stop(stream);
  stream->handle->read_cb(stream->handle, UV_EOF, buf);
}

static void read_failed(sim_stream_t *stream, int err, const uv_buf_t *buf) {
  stream->readable = stream->writable = false;
  stream->handle->read_cb(stream->handle, err, buf);
  if (stream->reading)
    stop(stream);
}

/* Returns true if the buffer was filled, because there may be more to read. */
static bool read_into(sim_stream_t *stream, uv_buf_t buf) {
  uv_stream_t *handle = stream->handle;
  const ssize_t n = sim_socket_read(stream->socket, buf.base, buf.len);
  if (n > 0) {
    stream->emptied =
        (size_t) n < buf.len && !sim_socket_has_more(stream->socket);
    handle->read_cb(handle, n, &buf);
    return (size_t) n == buf.len;
  }
  if (n == UV_EAGAIN)
    handle->read_cb(handle, 0, &buf);
  else if (n == 0)
    sim_stream_end(stream, &buf);
  else
    read_failed(stream, (int) n, &buf);
  return false;
}

/* A callback that returns no buffer does not want to read. */
static bool read_one(sim_stream_t *stream) {
  enum { SUGGESTED = 64 * 1024 };
  uv_stream_t *handle = stream->handle;
  uv_buf_t buf = uv_buf_init(NULL, 0);
  handle->alloc_cb((uv_handle_t *) handle, SUGGESTED, &buf);
  if (buf.base != NULL && buf.len > 0)
    return read_into(stream, buf);
  handle->read_cb(handle, UV_ENOBUFS, &buf);
  return false;
}

void sim_stream_read(sim_stream_t *stream) {
  enum { MOST = 32 }; /* so that other streams get their turn */
  stream->emptied = false;
  int n = 0;
  while (stream->reading && n++ < MOST && read_one(stream))
    continue;
}

int uv_read_start(uv_stream_t *handle, uv_alloc_cb alloc_cb,
                  uv_read_cb read_cb) {
  if (handle == NULL || alloc_cb == NULL || read_cb == NULL ||
      sim_handle_is_closing((uv_handle_t *) handle))
    return UV_EINVAL;
  sim_stream_t *stream = sim_stream_of(handle);
  if (stream->reading)
    return UV_EALREADY;
  if (!stream->readable)
    return UV_ENOTCONN;
  stream->reading = true;
  stream->ended = false;
  handle->alloc_cb = alloc_cb;
  handle->read_cb = read_cb;
  sim_handle_start((uv_handle_t *) handle);
  sim_stream_want(stream, SIM_IN);
  return 0;
}

int uv_read_stop(uv_stream_t *handle) {
  sim_stream_t *stream = sim_stream_of(handle);
  if (stream == NULL || !stream->reading)
    return 0;
  stop(stream);
  handle->read_cb = NULL;
  handle->alloc_cb = NULL;
  return 0;
}

int uv_is_readable(const uv_stream_t *handle) {
  const sim_stream_t *stream = sim_stream_of(handle);
  return stream != NULL && stream->readable;
}

int uv_is_writable(const uv_stream_t *handle) {
  const sim_stream_t *stream = sim_stream_of(handle);
  return stream != NULL && stream->writable;
}

/* In blocking mode, the system accepts all bytes of a write. */
int uv_stream_set_blocking(uv_stream_t *handle, int blocking) {
  const sim_stream_t *stream = sim_stream_of(handle);
  if (stream == NULL || stream->socket == NULL)
    return UV_EBADF;
  stream->socket->blocks = blocking != 0;
  return 0;
}
