/* SPDX-License-Identifier: MIT */
/*
 * Binding to the name of a Unix domain socket. The socket listens from the
 * start, so that another process that finds the name can tell whether a server
 * is there. No connection is accepted before the name has its mode.
 *
 * libuv would remove the name when the handle closes, even if the name then
 * leads to another file, or a relative path to another directory. So the socket
 * is made here and given to libuv without its name. While the socket is open,
 * no other file can have its inode. After it is closed, a socket that accepts
 * connections belongs to another process.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "uv/connect_pipe.h"
#include "uv/pipe_bind.h"

enum { WAITING = 511 };

struct avow__socket_name_s {
  dev_t device;
  ino_t inode;
  char path[]; /* absolute */
};

static int code_of(int result) {
  return result < 0 ? uv_translate_sys_error(errno) : 0;
}

/* Makes a socket. Where possible, no process that starts meanwhile inherits it.
 */
static int private_socket(void) {
#ifdef SOCK_CLOEXEC
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
#else
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  (void) fcntl(fd, F_SETFD, FD_CLOEXEC); /* fails if there is no socket */
  return fd;
#endif
}

/* The length of the name must be valid. */
static struct sockaddr_un address_of(const char *name) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  memcpy(address.sun_path, name, strlen(name));
  return address;
}

/* Returns the result of a connect, without waiting for a server that does not
   accept. */
static int probe(const char *name) {
  if (avow__pipe_check_name(strlen(name)) != 0)
    return UV_ENAMETOOLONG;
  const struct sockaddr_un address = address_of(name);
  const int fd = private_socket();
  (void) fcntl(fd, F_SETFL, O_NONBLOCK); /* fails if there is no socket */
  const int err =
      code_of(connect(fd, (const struct sockaddr *) &address, sizeof(address)));
  (void) close(fd); /* nothing was sent */
  return err;
}

/* Whether the name is a socket that a former server left behind. */
static bool is_left(const char *name) {
  struct stat info = { .st_mode = 0 };
  (void) lstat(name, &info); /* fails if it no longer exists */
  return S_ISSOCK(info.st_mode) && probe(name) == UV_ECONNREFUSED;
}

/* Without a current directory the path stays relative, and may not be found
   later. */
static avow__socket_name_t *socket_name_new(const char *name) {
  const size_t size = strlen(name) + 1;
  size_t at = PATH_MAX;
  avow__socket_name_t *s = avow_malloc(sizeof(*s) + at + size + 1);
  if (s == NULL)
    return NULL;
  if (name[0] == '/' || uv_cwd(s->path, &at) != 0)
    at = 0;
  else
    s->path[at++] = '/';
  memcpy(s->path + at, name, size);
  return s;
}

static int note_inode(avow__socket_name_t *s) {
  struct stat info;
  const int err = code_of(lstat(s->path, &info));
  if (err != 0)
    return err;
  s->device = info.st_dev;
  s->inode = info.st_ino;
  return 0;
}

static bool is_still_there(const avow__socket_name_t *s) {
  struct stat info;
  return lstat(s->path, &info) == 0 && S_ISSOCK(info.st_mode) &&
         info.st_dev == s->device && info.st_ino == s->inode;
}

void avow__socket_name_end(avow__socket_name_t *name, bool is_open) {
  if (name == NULL)
    return;
  if (is_still_there(name) && (is_open || probe(name->path) == UV_ECONNREFUSED))
    (void) unlink(name->path); /* else it stays */
  avow_free(name);
}

/* Reports errors as uv_pipe_bind() does: a missing directory is UV_EACCES. */
static int bind_once(int fd, const char *name) {
  const struct sockaddr_un address = address_of(name);
  const int err =
      code_of(bind(fd, (const struct sockaddr *) &address, sizeof(address)));
  return err == UV_ENOENT ? UV_EACCES : err;
}

static int bind_name(int fd, const char *name, bool takes_over) {
  const int err = bind_once(fd, name);
  if (err != UV_EADDRINUSE || !takes_over || !is_left(name))
    return err;
  (void) unlink(name); /* if it fails, so does the bind */
  return bind_once(fd, name);
}

/* The socket is bound. */
static int begin_to_listen(uv_pipe_t *pipe, int fd, avow__socket_name_t *s,
                           unsigned mode) {
  int err = note_inode(s);
  if (err == 0 && mode != 0)
    err = code_of(chmod(s->path, (mode_t) mode));
  if (err == 0)
    err = code_of(listen(fd, WAITING));
  if (err == 0)
    err = uv_pipe_open(pipe, fd);
  return err;
}

static int bind_socket(uv_pipe_t *pipe, int fd, const char *name,
                       const avow_bind_path_options_t *options,
                       avow__socket_name_t **out) {
  avow__socket_name_t *s = socket_name_new(name);
  if (s == NULL)
    return UV_ENOMEM;
  int err = bind_name(fd, name, options->takes_over);
  if (err != 0) {
    avow_free(s);
    return err;
  }
  err = begin_to_listen(pipe, fd, s, options->mode);
  if (err != 0)
    avow__socket_name_end(s, true);
  else
    *out = s;
  return err;
}

int avow__pipe_bind(uv_pipe_t *pipe, const char *name,
                    const avow_bind_path_options_t *options,
                    avow__socket_name_t **out) {
  const int fd = private_socket();
  if (fd < 0)
    return code_of(fd);
  const int err = bind_socket(pipe, fd, name, options, out);
  if (err != 0)
    (void) close(fd); /* `err` holds the reason */
  return err;
}
