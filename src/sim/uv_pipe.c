/* SPDX-License-Identifier: MIT */
/*
 * Named pipes. Their names are separate from files: they need no directory, and
 * closing a pipe removes its name.
 */
#include <string.h>

#include "sim/bind_table.h"
#include "sim/socket_connect.h"
#include "sim/stream_state.h"

SIM_ANCHOR(pipe)

enum { NAME_MAX_LEN = 107 }; /* longer names are truncated, as in libuv */

int uv_pipe_init(uv_loop_t *loop, uv_pipe_t *handle, int ipc) {
  sim_stream_init(loop, handle, UV_NAMED_PIPE);
  handle->ipc = ipc;
  return 0;
}

static void cut_name(const char *name, char out[NAME_MAX_LEN + 1]) {
  const size_t len = strlen(name);
  const size_t n = len < NAME_MAX_LEN ? len : NAME_MAX_LEN;
  memcpy(out, name, n);
  out[n] = '\0';
}

int uv_pipe_bind(uv_pipe_t *handle, const char *name) {
  char cut[NAME_MAX_LEN + 1];
  sim_stream_t *stream = sim_stream_of(handle);
  if (sim_handle_is_closing((const uv_handle_t *) handle) ||
      stream->socket != NULL || name[0] == '\0')
    return UV_EINVAL;
  cut_name(name, cut);
  sim_socket_t *socket = sim_socket_new(true, AF_UNSPEC);
  const int err = sim_network_bind_name(socket, cut);
  if (err == 0)
    sim_stream_take(stream, socket);
  else
    sim_socket_close(socket, false);
  return err;
}

/* The result is always reported later. */
void uv_pipe_connect(uv_connect_t *req, uv_pipe_t *handle, const char *name,
                     uv_connect_cb cb) {
  char cut[NAME_MAX_LEN + 1];
  sim_stream_t *stream = sim_stream_of(handle);
  const bool is_new = stream->socket == NULL;
  cut_name(name, cut);
  if (is_new)
    sim_stream_take(stream, sim_socket_new(true, AF_UNSPEC));
  const int err = sim_socket_connect_name(stream->socket, cut);
  if (err == 0 && is_new)
    stream->readable = stream->writable = true;
  stream->delayed_error = err;
  sim_stream_connects(stream, req, cb);
  if (err == 0)
    sim_stream_want(stream, SIM_OUT);
}

static int copy_name(const char *name, char *buffer, size_t *size) {
  const size_t len = name != NULL ? strlen(name) : 0;
  if (len >= *size) {
    *size = len + 1;
    return UV_ENOBUFS;
  }
  memcpy(buffer, name != NULL ? name : "", len + 1);
  *size = len;
  return 0;
}

static int no_name(size_t *size, int err) {
  *size = 0;
  return err;
}

int uv_pipe_getsockname(const uv_pipe_t *handle, char *buffer, size_t *size) {
  const sim_stream_t *stream = sim_stream_of(handle);
  if (stream == NULL || stream->socket == NULL)
    return no_name(size, UV_EBADF);
  return copy_name(stream->socket->name, buffer, size);
}

int uv_pipe_getpeername(const uv_pipe_t *handle, char *buffer, size_t *size) {
  const sim_stream_t *stream = sim_stream_of(handle);
  if (stream == NULL || stream->socket == NULL)
    return no_name(size, UV_EBADF);
  if (stream->socket->state != SIM_CONNECTED)
    return no_name(size, UV_ENOTCONN);
  return copy_name(stream->socket->peer, buffer, size);
}

/* A real libuv has this only on Windows, where instances of a pipe wait for
   clients. Here it also lets a pipe listen from the beginning. */
void uv_pipe_pending_instances(uv_pipe_t *handle, int count) {
  const sim_stream_t *stream = sim_stream_of(handle);
  if (stream != NULL && stream->socket != NULL && stream->socket->is_bound)
    /* This cannot fail, because the name is unique. */
    (void) sim_socket_listen(stream->socket, count);
}

/* Sending handles is not simulated. */
int uv_pipe_pending_count(uv_pipe_t *handle) {
  return 0;
}

uv_handle_type uv_pipe_pending_type(uv_pipe_t *handle) {
  return UV_UNKNOWN_HANDLE;
}

int uv_pipe_chmod(uv_pipe_t *handle, int mode) {
  const sim_stream_t *stream = handle != NULL ? sim_stream_of(handle) : NULL;
  if (stream == NULL || stream->socket == NULL)
    return UV_EBADF;
  return mode == 0 || (mode & ~(UV_READABLE | UV_WRITABLE)) != 0 ? UV_EINVAL
                                                                 : 0;
}

#if UV_VERSION_HEX >= 0x012E00 /* 1.46 */

/* The name need not end with a NUL. With UV_PIPE_NO_TRUNCATE a long name
   fails. */
static int check_name(unsigned flags, const char *name, size_t len,
                      char out[NAME_MAX_LEN + 1]) {
  const size_t n = len < NAME_MAX_LEN ? len : NAME_MAX_LEN;
  if ((flags & ~(unsigned) UV_PIPE_NO_TRUNCATE) != 0 || name == NULL ||
      len == 0)
    return UV_EINVAL;
  if (n < len && (flags & UV_PIPE_NO_TRUNCATE) != 0)
    return UV_ENAMETOOLONG;
  memcpy(out, name, n);
  out[n] = '\0';
  return 0;
}

int uv_pipe_bind2(uv_pipe_t *handle, const char *name, size_t len,
                  unsigned flags) {
  char cut[NAME_MAX_LEN + 1];
  const int err = check_name(flags, name, len, cut);
  return err != 0 ? err : uv_pipe_bind(handle, cut);
}

int uv_pipe_connect2(uv_connect_t *req, uv_pipe_t *handle, const char *name,
                     size_t len, unsigned flags, uv_connect_cb cb) {
  char cut[NAME_MAX_LEN + 1];
  const int err = check_name(flags, name, len, cut);
  if (err == 0)
    uv_pipe_connect(req, handle, cut, cb);
  return err;
}

#endif
