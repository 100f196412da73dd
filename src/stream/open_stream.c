/* SPDX-License-Identifier: MIT */
/*
 * The stream of an open descriptor. libuv gets a duplicate and closes it with
 * the handle. If libuv reopens a terminal instead, the duplicate is closed
 * here.
 */
#include "avow/descriptor.h"
#include "avow/value.h"
#include "uv/eof_error.h"
#include "uv/stream_value.h"

#ifdef AVOW_BY_PATHS

avow_value_t avow_open_stream(uv_loop_t *loop, uv_file descriptor) {
  avow__check_ready(loop);
  return uv_guess_handle(descriptor) == UV_FILE
             ? avow_file_stream(loop, descriptor, -1, UINT64_MAX)
             : avow_error(UV_ENOTSUP);
}

#else

#  ifdef _WIN32

#    include <io.h>

static bool open_is(uv_file descriptor) {
  return uv_get_osfhandle(descriptor) != (uv_os_fd_t) -1;
}

static int open_dup(uv_file descriptor) {
  const int fd = _dup(descriptor);
  return fd >= 0 ? fd : UV_EMFILE; /* the descriptor is open */
}

static void open_undo(int fd) {
  (void) _close(fd); /* the duplicate has no other owner */
}

static bool open_is_of(const avow_value_t *v, int fd) {
  return true;
}

#  else

#    include <errno.h>
#    include <fcntl.h>
#    include <unistd.h>

static bool open_is(uv_file descriptor) {
  return fcntl(descriptor, F_GETFD) >= 0;
}

static int open_dup(uv_file descriptor) {
  const int fd = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  return fd >= 0 ? fd : uv_translate_sys_error(errno);
}

static void open_undo(int fd) {
  (void) close(fd); /* the duplicate has no other owner */
}

static bool open_is_of(const avow_value_t *v, int fd) {
  uv_os_fd_t used;
  const uv_stream_t *stream = avow__owned_handle(v);
  /* the handle is open */
  (void) uv_fileno((const uv_handle_t *) stream, &used);
  return used == fd || stream->type != UV_TTY;
}

#  endif

static avow_value_t open_copy(uv_loop_t *loop, uv_handle_type type,
                              uv_file descriptor) {
  const int fd = open_dup(descriptor);
  if (fd < 0)
    return avow_error(fd);
  const avow_value_t v = avow__owned_open(loop, type, fd);
  if (avow_is_error(&v) || !open_is_of(&v, fd))
    open_undo(fd);
  return v;
}

/* libuv reopens a terminal so that it does not block. It cannot reopen the
   master of a pseudo-terminal. The master can be opened as a pipe instead,
   which does not block either. */
static uv_handle_type handle_type_of(uv_file descriptor) {
  const uv_handle_type type = uv_guess_handle(descriptor);
  return type == UV_TTY && avow__is_master(descriptor) ? UV_NAMED_PIPE : type;
}

avow_value_t avow_open_stream(uv_loop_t *loop, uv_file descriptor) {
  avow__check_ready(loop);
  const uv_handle_type type = handle_type_of(descriptor);
  if (type == UV_FILE)
    return avow_file_stream(loop, descriptor, -1, UINT64_MAX);
  if (type == UV_TCP || type == UV_NAMED_PIPE || type == UV_TTY)
    return open_copy(loop, type, descriptor);
  return avow__error_of(open_is(descriptor) ? UV_ENOTSUP : UV_EBADF,
                        "open stream", NULL);
}

#endif
