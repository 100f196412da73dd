/* SPDX-License-Identifier: MIT */
/*
 * Pipes between us and a process. libuv makes pairs of sockets, which nobody
 * can open by the names /dev/stdin, /dev/stdout and /dev/stderr: so these are
 * made here, and the process inherits its ends. All are closed on exec.
 *
 * A pipe cannot be shut down, only closed. libuv keeps the descriptor of its
 * handle until that closes, so another takes its place there: one of the loop's
 * own, which is there without a new one, and which nobody can write to.
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
    (void) close(fds[0]); /* nothing was written */
    (void) close(fds[1]); /* … */
    return err;
  }
  to->flags = UV_INHERIT_FD;
  to->data.fd = fds[1 - our_end];
  return 0;
}

void avow__child_pipe_pass(const uv_stdio_container_t *made) {
  if (made->flags == UV_INHERIT_FD)
    (void) close(made->data.fd); /* nothing was written */
}

void avow__child_pipe_shut(uv_stream_t *ours) {
  uv_os_fd_t fd;
  const int other = uv_backend_fd(ours->loop);
  (void) uv_fileno((const uv_handle_t *) ours, &fd); /* it is open */
#ifdef __linux__
  struct epoll_event none = { .events = 0 };
  (void) epoll_ctl(other, EPOLL_CTL_DEL, fd, &none); /* or it is not watched */
#endif
  while (dup2(other, fd) < 0 && errno == EINTR)
    ;
  (void) fcntl(fd, F_SETFD, FD_CLOEXEC); /* cannot fail */
}
