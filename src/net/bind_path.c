/* SPDX-License-Identifier: MIT */
/*
 * Binding to a name: Unix domain sockets and Windows pipes. A socket listens
 * from the beginning, so that who finds its name can tell whether somebody is
 * there, and nobody gets in before it has its mode.
 */
#include <string.h>

#if !defined(_WIN32) && !defined(AVOW_BY_PATHS)
#  include <errno.h>
#  include <fcntl.h>
#  include <sys/socket.h>
#  include <sys/stat.h>
#  include <sys/un.h>
#  include <unistd.h>
#endif

#include "avow/net.h"
#include "base/reserved.h"
#include "io/op.h"
#include "net/connect.h"
#include "net/owned.h"

enum { WAITING = 511, MODES = 0777 };

#if defined(_WIN32)

static int bind_pipe(uv_pipe_t *pipe, const char *name,
                     const avow_bind_path_options_t *options) {
  return options->mode != 0 ? UV_ENOTSUP : uv_pipe_bind(pipe, name);
}

#elif defined(AVOW_BY_PATHS)

/* By libuv alone, as it is simulated: names have no modes there, nobody leaves
   one behind, and a pipe with instances listens. */
static int bind_pipe(uv_pipe_t *pipe, const char *name,
                     const avow_bind_path_options_t *options) {
  const int err = uv_pipe_bind(pipe, name);
  if (err == 0)
    uv_pipe_pending_instances(pipe, WAITING);
  return err;
}

#else

static int code_of(int result) {
  return result < 0 ? uv_translate_sys_error(errno) : 0;
}

/* Which no process that is started meanwhile gets, where that can be had. */
static int private_socket(void) {
#  ifdef SOCK_CLOEXEC
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
#  else
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  (void) fcntl(fd, F_SETFD, FD_CLOEXEC); /* or there is none */
  return fd;
#  endif
}

/* What connecting comes to, without waiting for who does not accept. */
static int knock(const char *name) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  memcpy(address.sun_path, name, strlen(name)); /* its length is fine */
  const int fd = private_socket();
  (void) fcntl(fd, F_SETFL, O_NONBLOCK); /* or there is none */
  const int err =
      code_of(connect(fd, (const struct sockaddr *) &address, sizeof(address)));
  (void) close(fd); /* nothing was said */
  return err;
}

/* A socket that whoever listened there has left behind. */
static bool is_left(const char *name) {
  struct stat info = { .st_mode = 0 };
  (void) lstat(name, &info); /* or it is no more */
  return S_ISSOCK(info.st_mode) && knock(name) == UV_ECONNREFUSED;
}

static int bind_name(uv_pipe_t *pipe, const char *name, bool takes_over) {
  const int err = uv_pipe_bind(pipe, name);
  if (err != UV_EADDRINUSE || !takes_over || !is_left(name))
    return err;
  (void) unlink(name); /* or there is still something */
  return uv_pipe_bind(pipe, name);
}

static int bind_pipe(uv_pipe_t *pipe, const char *name,
                     const avow_bind_path_options_t *options) {
  uv_os_fd_t fd;
  int err = bind_name(pipe, name, options->takes_over);
  if (err == 0 && options->mode != 0)
    err = code_of(chmod(name, (mode_t) options->mode));
  if (err == 0)
    err = uv_fileno((const uv_handle_t *) pipe, &fd);
  return err == 0 ? code_of(listen(fd, WAITING)) : err;
}

#endif

static avow_value_t bound_path(uv_loop_t *loop, const char *name,
                               const avow_bind_path_options_t *options) {
  const avow_value_t v = avow__owned_new(loop, UV_NAMED_PIPE);
  if (avow_is_error(&v))
    return v;
  const int err =
      bind_pipe((uv_pipe_t *) avow__owned_handle(&v), name, options);
  if (err == 0)
    return v;
  avow__value_unref(v);
  return avow_error(err);
}

avow_promise_t *avow_bind_path(uv_loop_t *loop, const char *name,
                               const avow_bind_path_options_t *options) {
  static const avow_bind_path_options_t defaults = { .mode = 0 };
  int err = name == NULL ? UV_EINVAL : avow__pipe_check_name(strlen(name));
  if (err == 0)
    err = AVOW__RESERVED(options);
  if (err == 0 && options != NULL && options->mode > MODES)
    err = UV_EINVAL;
  if (err != 0)
    return avow__refuse(loop, err, "bind", name);
  const avow_value_t v =
      bound_path(loop, name, options != NULL ? options : &defaults);
  return avow_is_error(&v) ? avow__refuse(loop, v.code, "bind", name)
                           : avow_promise_resolve(loop, v);
}
