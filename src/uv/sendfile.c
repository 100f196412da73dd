/* SPDX-License-Identifier: MIT */
/*
 * Sends from a file to a stream without a copy, on Linux. The stream does not
 * block, so these functions wait only for the disk.
 */
#include "uv/sendfile.h"

#if defined(__linux__) && !defined(AVOW_BY_PATHS)

#  include <errno.h>
#  include <fcntl.h>
#  include <sys/sendfile.h>
#  include <unistd.h>

#  include "uv/sigpipe_check.h"

/* A terminal does not support this, and only libuv knows whether a stream is
   shut down. */
static bool takes_portions(const uv_stream_t *stream) {
  return (stream->type == UV_TCP || stream->type == UV_NAMED_PIPE) &&
         uv_is_writable(stream) != 0;
}

int avow__sending_open(avow_stream_t to) {
  uv_stream_t *stream = avow_stream_handle(to);
  uv_os_fd_t fd;
  if (!takes_portions(stream))
    return -1;
  (void) uv_fileno((const uv_handle_t *) stream, &fd); /* the handle is open */
  avow__look_at_sigpipe(stream);
  return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3)
                                                : -1;
}

static ssize_t send_once(const avow__sending_t *sending) {
  off_t at = (off_t) sending->offset;
  return sendfile(sending->to, sending->file, at < 0 ? NULL : &at,
                  sending->len);
}

void avow__sending_run(avow__sending_t *sending) {
  ssize_t n;
  do
    n = send_once(sending);
  while (n < 0 && errno == EINTR);
  sending->sent = n > 0 ? (size_t) n : 0;
  sending->refused = n < 0 && errno != EAGAIN;
}

void avow__sending_close(const avow__sending_t *sending) {
  (void) close(sending->to); /* the stream stays open */
}

#else

int avow__sending_open(avow_stream_t to) {
  return -1;
}

void avow__sending_run(avow__sending_t *sending) {
  sending->refused = true;
}

void avow__sending_close(const avow__sending_t *sending) {
}

#endif
