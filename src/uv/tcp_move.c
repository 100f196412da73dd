/* SPDX-License-Identifier: MIT */
/*
 * libuv keeps the descriptor of a handle until the handle closes, so another
 * handle gets a copy. On Windows, a copy cannot be added to a second completion
 * port.
 */
#include "uv/tcp_move.h"

bool avow__tcp_has_socket(const uv_tcp_t *tcp) {
  uv_os_fd_t fd;
  return uv_fileno((const uv_handle_t *) tcp, &fd) == 0;
}

#ifdef _WIN32

int avow__tcp_move(uv_stream_t *from, uv_tcp_t *to) {
  return UV_ENOTSUP;
}

#else

#  include <errno.h>
#  include <fcntl.h>
#  include <unistd.h>

int avow__tcp_move(uv_stream_t *from, uv_tcp_t *to) {
  uv_os_fd_t fd;
  (void) uv_fileno((const uv_handle_t *) from, &fd); /* the handle is open */
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0)
    return uv_translate_sys_error(errno);
  const int err = uv_tcp_open(to, copy);
  if (err != 0)
    (void) close(copy); /* `from` keeps the connection */
  return err;
}

#endif
