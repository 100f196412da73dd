/* SPDX-License-Identifier: MIT */
/*
 * Data that waits in a socket. recv() takes it without blocking, whatever the
 * descriptor's mode is. The system reports an error only once, so the caller
 * must handle it. It reports an end again.
 */
#include "uv/try_read.h"

#if !defined(_WIN32) && !defined(AVOW_BY_PATHS)
#  include <errno.h>
#  include <stdbool.h>
#  include <sys/socket.h>
#endif

#if defined(MSG_DONTWAIT) && !defined(AVOW_BY_PATHS)

/* Such a pipe passes handles along with the bytes, and libuv must receive them.
 */
static bool passes_handles(const uv_stream_t *stream) {
  return stream->type == UV_NAMED_PIPE && ((const uv_pipe_t *) stream)->ipc;
}

int avow__waiting_take(const uv_stream_t *stream, uv_buf_t buf) {
  uv_os_fd_t fd;
  if (passes_handles(stream))
    return 0;
  (void) uv_fileno((const uv_handle_t *) stream, &fd); /* the handle is open */
  const ssize_t n = recv(fd, buf.base, buf.len, MSG_DONTWAIT);
  if (n >= 0)
    return (int) n;
  switch (errno) {
  case EAGAIN:
  case EINTR:
  case ENOTSOCK: /* libuv can read other descriptors */
    return 0;
  default:
    return uv_translate_sys_error(errno);
  }
}

#else

int avow__waiting_take(const uv_stream_t *stream, uv_buf_t buf) {
  return 0;
}

#endif
