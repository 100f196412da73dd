/* SPDX-License-Identifier: MIT */
/*
 * Pipes between this process and a child. libuv makes pairs of sockets, which a
 * child cannot open as /dev/stdin, /dev/stdout or /dev/stderr. So pipes are
 * made here, and the child inherits its ends. All ends are closed on exec.
 *
 * A pipe cannot be shut down, only closed. libuv keeps the descriptor of its
 * handle until the handle closes. So another descriptor replaces it there: the
 * loop's backend descriptor. It already exists, and no program can write to it.
 */
#include "uv/child_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#ifdef __linux__
#  include <sys/epoll.h>
#endif

enum { BOTH_WAYS = UV_READABLE_PIPE | UV_WRITABLE_PIPE };

int avow__child_pipe_make(uv_stdio_container_t *to, uv_pipe_t *ours) {
  uv_file fds[2];
  const int ways = (int) to->flags & BOTH_WAYS;
  to->data.stream = (uv_stream_t *) ours;
  if (ways != UV_READABLE_PIPE && ways != UV_WRITABLE_PIPE)
    return 0;
  int err = uv_pipe(fds, 0, 0);
  if (err != 0)
    return err;
  const int our_end = ways == UV_READABLE_PIPE ? 1 : 0;
  err = uv_pipe_open(ours, fds[our_end]);
  if (err != 0) {
    (void) close(fds[0]); /* no data was written */
    (void) close(fds[1]); /* no data was written */
    return err;
  }
  to->flags = UV_INHERIT_FD;
  to->data.fd = fds[1 - our_end];
  return 0;
}

void avow__child_pipe_pass(const uv_stdio_container_t *made) {
  if (made->flags == UV_INHERIT_FD)
    (void) close(made->data.fd); /* no data was written */
}

void avow__child_pipe_shut(uv_stream_t *ours) {
  uv_os_fd_t fd;
  const int other = uv_backend_fd(ours->loop);
  (void) uv_fileno((const uv_handle_t *) ours, &fd); /* the handle is open */
#ifdef __linux__
  struct epoll_event none = { .events = 0 };
  (void) epoll_ctl(other, EPOLL_CTL_DEL, fd, &none); /* it may not be watched */
#endif
  while (dup2(other, fd) < 0 && errno == EINTR)
    ;
  (void) fcntl(fd, F_SETFD, FD_CLOEXEC); /* cannot fail */
}
