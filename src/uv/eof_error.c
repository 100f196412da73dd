/* SPDX-License-Identifier: MIT */
/*
 * How a stream has ended. If a peer sends and resets at once, the system
 * reports data and the end together. If the data does not fill the buffer,
 * libuv reads no more and reports the end, and the reset is lost. The system
 * still has it, and one more recv() shows the difference: it returns 0 after an
 * end and the error after a reset. A stream that is not a socket has no such
 * errors.
 *
 * On Linux, the master of a pseudo-terminal gets EIO when the other side is no
 * longer open. libuv does not wait for that. After a hang-up, it takes a buffer
 * that is not full as the last one. Such a terminal, however, delivers its data
 * in parts of less than 4096 bytes, and a socket stops at each handle that is
 * passed along. In these cases libuv has to continue reading.
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

/* Returns UV_EOF if the stream has ended, 0 if there is more data, or an error.
 */
static int ended_error(const uv_stream_t *stream) {
  uv_os_fd_t fd;
  char byte;
  (void) uv_fileno((const uv_handle_t *) stream, &fd); /* the handle is open */
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
  (void) uv_fileno((const uv_handle_t *) stream, &fd); /* the handle is open */
  return avow__is_master(fd);
}

static int why(const uv_stream_t *stream, int code, const uv_buf_t *buf) {
  if (code == UV_EIO && is_of_master(stream))
    return UV_EOF;
  if (code != UV_EOF)
    return code;
  /* Without a buffer, the end is libuv's guess, not a report of the system. */
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
