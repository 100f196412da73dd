/* SPDX-License-Identifier: MIT */
/*
 * How a stream has ended. Who sends and resets at once makes the system say two
 * things together: that there are bytes, and that it is over. When those have
 * left room in the buffer libuv reads no more and says the end, and the reset
 * is lost. The system still has it, and one more look tells: past the end there
 * is nothing again, past a reset the error. What is no socket has no errors.
 *
 * Linux tells the master of a pseudo-terminal by EIO that nobody has the other
 * side open any more. libuv does not wait for that: after a hang-up it takes a
 * buffer that is not full for the last. But such a terminal gives its bytes in
 * parts of less than 4096, and a socket stops at each handle that comes along:
 * then libuv has to read on.
 */
#include "uv/eof_error.h"

#ifndef _WIN32
#  include <errno.h>
#  include <sys/ioctl.h>
#  include <sys/socket.h>
#endif

#ifdef TIOCGPTN

bool avow__is_master(int fd) {
  unsigned number;
  return ioctl(fd, TIOCGPTN, &number) == 0;
}

#else

bool avow__is_master(int fd) {
  (void) fd;
  return false;
}

#endif

#ifdef MSG_DONTWAIT

/* UV_EOF: nothing but the end; 0: bytes. */
static int ended_error(const uv_stream_t *stream) {
  uv_os_fd_t fd;
  char byte;
  (void) uv_fileno((const uv_handle_t *) stream, &fd); /* it is open */
  const ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n >= 0)
    return n > 0 ? 0 : UV_EOF;
  switch (errno) {
  case EAGAIN:
  case EINTR:
  case ENOTSOCK:
    return UV_EOF;
  default:
    return uv_translate_sys_error(errno);
  }
}

static bool is_of_master(const uv_stream_t *stream) {
  uv_os_fd_t fd;
  (void) uv_fileno((const uv_handle_t *) stream, &fd); /* it is open */
  return avow__is_master(fd);
}

static int why(const uv_stream_t *stream, int code, const uv_buf_t *buf) {
  if (code == UV_EIO && is_of_master(stream))
    return UV_EOF;
  if (code != UV_EOF)
    return code;
  /* Without a buffer it is libuv's guess, and not what the system said. */
  return buf->base == NULL && is_of_master(stream) ? 0 : ended_error(stream);
}

int avow__how_ended(uv_stream_t *stream, int code, const uv_buf_t *buf) {
  const int err = why(stream, code, buf);
  return err != 0 ? err
                  : uv_read_start(stream, stream->alloc_cb, stream->read_cb);
}

#else

int avow__how_ended(uv_stream_t *stream, int code, const uv_buf_t *buf) {
  (void) stream;
  (void) buf;
  return code;
}

#endif
