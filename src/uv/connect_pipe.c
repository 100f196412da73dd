/* SPDX-License-Identifier: MIT */
/*
 * Connecting to a name: Unix domain sockets and Windows pipes. libuv forgets
 * the first of two connects that are pending on one pipe. So pending connects
 * are found by their pipe, and the second is refused. Names are never
 * truncated.
 */
#include <string.h>

#ifndef _WIN32
#  include <sys/un.h>
#endif

#include "avow/stream.h"
#include "uv/connect_pipe.h"
#include "uv/handle_table.h"
#include "uv/op.h"

typedef struct {
  avow__op_t op;
  avow__node_t node; /* keyed by pipe, while libuv has the request */
  uv_connect_t req;
  char name[];
} pipe_connect_t;

static avow_value_t pipe_outcome(const pipe_connect_t *connect, int status) {
  return status == 0 ? avow_none()
                     : avow__error_of(status, "connect", connect->name);
}

static void pipe_on_connect(uv_connect_t *req, int status) {
  pipe_connect_t *connect = req->data;
  avow__net_remove(connect->op.context, AVOW__CONNECTING, &connect->node);
  avow__op_complete(&connect->op, pipe_outcome(connect, status));
}

/* Windows has no limit. */
static bool is_too_long(size_t len) {
#ifdef _WIN32
  return false;
#else
  return len >= sizeof(((struct sockaddr_un *) NULL)->sun_path);
#endif
}

int avow__pipe_check_name(size_t len) {
  if (len == 0)
    return UV_EINVAL;
  return is_too_long(len) ? UV_ENAMETOOLONG : 0;
}

/* If a second connect fails, libuv rejects all queued writes. */
static bool is_connected(const uv_pipe_t *pipe) {
  const uv_stream_t *stream = (const uv_stream_t *) pipe;
  return uv_is_readable(stream) != 0 || uv_is_writable(stream) != 0;
}

static int pipe_check(avow__context_t *c, const uv_pipe_t *pipe, size_t len) {
  const int err = avow__pipe_check_name(len);
  if (err != 0 || uv_is_closing((const uv_handle_t *) pipe))
    return err != 0 ? err : UV_EINVAL;
  if (avow__net_find(c, AVOW__CONNECTING, pipe) != NULL)
    return UV_EALREADY;
  if (is_connected(pipe))
    return UV_EISCONN;
  return avow__net_open(c) != NULL ? 0 : UV_ENOMEM;
}

avow_promise_t *avow_pipe_connect(uv_pipe_t *pipe, const char *name) {
  if (pipe == NULL)
    return avow__refuse_null("handle");
  if (name == NULL)
    return avow__refuse(pipe->loop, UV_EINVAL, "connect", "NULL");
  avow_promise_t *p;
  const size_t len = strlen(name);
  pipe_connect_t *connect =
      avow__op_new(pipe->loop, sizeof(*connect) + len + 1, &p);
  if (connect == NULL)
    return p;
  memcpy(connect->name, name, len);
  connect->req.data = connect;
  avow__context_t *c = connect->op.context;
  const int err = pipe_check(c, pipe, len);
  if (err != 0) {
    (void) avow__op_end(&connect->op, pipe_outcome(connect, err));
    return p;
  }
  uv_pipe_connect(&connect->req, pipe, connect->name, pipe_on_connect);
  connect->node.key = pipe;
  avow__net_add(c, AVOW__CONNECTING, &connect->node);
  avow__op_started_on_handle(&connect->op);
  return p;
}
