/* SPDX-License-Identifier: MIT */
/*
 * How a stream has ended. Who sends and resets at once makes the system say two
 * things together: that there are bytes, and that it is over. When those have
 * left room in the buffer libuv reads no more and says the end, and the reset
 * is lost. The system still has it, and one more look tells: past the end there
 * is nothing again, past a reset the error. What is no socket has no errors.
 */
#include "net/ended.h"

#ifndef _WIN32
#  include <errno.h>
#  include <sys/socket.h>
#endif

#ifdef MSG_DONTWAIT

/* 0: nothing but the end. */
static int ended_error(const uv_stream_t *stream) {
  uv_os_fd_t fd;
  char byte;
  (void) uv_fileno((const uv_handle_t *) stream, &fd); /* it is open */
  if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
    return 0;
  switch (errno) {
  case EAGAIN:
  case EINTR:
  case ENOTSOCK:
    return 0;
  default:
    return uv_translate_sys_error(errno);
  }
}

int avow__how_ended(const uv_stream_t *stream, int code) {
  const int err = code == UV_EOF ? ended_error(stream) : 0;
  return err != 0 ? err : code;
}

#else

int avow__how_ended(const uv_stream_t *stream, int code) {
  return code;
}

#endif
