/* SPDX-License-Identifier: MIT */
/*
 * Socket functions on sockets of the simulator, for suites whose tests use a
 * plain descriptor as the peer of a stream. The linker replaces the functions
 * of the system (--wrap). Each call ends when the network is idle, as calls
 * between sockets of one machine do.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sim/bind_table.h"
#include "sim/socket_connect.h"
#include "sim/socket_fds.h"
#include "sim/uv_handle.h"
#include "sim/world.h"

int __real_close(int fd);
int __real_setsockopt(int fd, int level, int name, const void *value,
                      socklen_t len);
ssize_t __real_read(int fd, void *at, size_t len);
ssize_t __real_write(int fd, const void *at, size_t len);

int __real_uv_fs_read(uv_loop_t *loop, uv_fs_t *req, uv_file fd,
                      const uv_buf_t bufs[], unsigned n, int64_t offset,
                      uv_fs_cb cb);
int __real_uv_fs_write(uv_loop_t *loop, uv_fs_t *req, uv_file fd,
                       const uv_buf_t bufs[], unsigned n, int64_t offset,
                       uv_fs_cb cb);

int __wrap_socket(int family, int type, int protocol);
int __wrap_socketpair(int family, int type, int protocol, int fds[2]);
int __wrap_bind(int fd, const struct sockaddr *name, socklen_t len);
int __wrap_listen(int fd, int backlog);
int __wrap_accept(int fd, struct sockaddr *name, socklen_t *len);
int __wrap_connect(int fd, const struct sockaddr *name, socklen_t len);
int __wrap_getsockname(int fd, struct sockaddr *name, socklen_t *len);
int __wrap_setsockopt(int fd, int level, int name, const void *value,
                      socklen_t len);
int __wrap_shutdown(int fd, int how);
int __wrap_close(int fd);
ssize_t __wrap_read(int fd, void *at, size_t len);
ssize_t __wrap_write(int fd, const void *at, size_t len);
ssize_t __wrap_recv(int fd, void *at, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *at, size_t len, int flags);
int __wrap_uv_fs_read(uv_loop_t *loop, uv_fs_t *req, uv_file fd,
                      const uv_buf_t bufs[], unsigned n, int64_t offset,
                      uv_fs_cb cb);
int __wrap_uv_fs_write(uv_loop_t *loop, uv_fs_t *req, uv_file fd,
                       const uv_buf_t bufs[], unsigned n, int64_t offset,
                       uv_fs_cb cb);

enum { BOTH = SIM_READABLE | SIM_WRITABLE };

/* Delivers what is in transit, without running a loop. */
static void rest(void) {
  static const uv_loop_t nobodys;
  uint64_t next;
  while ((next = sim_tasks_next(&nobodys)) <= sim_now() + SIM_MS) {
    sim_time_reach(next);
    sim_tasks_run(&nobodys);
  }
}

static int done(ssize_t result) {
  rest();
  if (result >= 0)
    return (int) result;
  errno = (int) -result;
  return -1;
}

int __wrap_socket(int family, int type, int protocol) {
  return sim_descriptor_new(sim_socket_new(family == AF_UNIX, family), BOTH);
}

int __wrap_socketpair(int family, int type, int protocol, int fds[2]) {
  return done(uv_socketpair(type, protocol, fds, 0, 0));
}

static const char *path_of(const struct sockaddr *name) {
  return name->sa_family == AF_UNIX
             ? ((const struct sockaddr_un *) name)->sun_path
             : NULL;
}

int __wrap_bind(int fd, const struct sockaddr *name, socklen_t len) {
  sim_address_t address;
  sim_socket_t *socket = sim_descriptor_find(fd);
  if (path_of(name) != NULL)
    return done(sim_network_bind_name(socket, path_of(name)));
  (void) sim_address_read(name, &address); /* cannot fail */
  return done(sim_socket_bind(socket, &address));
}

int __wrap_listen(int fd, int backlog) {
  return done(sim_socket_listen(sim_descriptor_find(fd), backlog));
}

int __wrap_accept(int fd, struct sockaddr *name, socklen_t *len) {
  rest();
  sim_socket_t *socket = sim_socket_accept(sim_descriptor_find(fd));
  return socket != NULL ? sim_descriptor_new(socket, BOTH) : done(-EAGAIN);
}

int __wrap_connect(int fd, const struct sockaddr *name, socklen_t len) {
  sim_address_t address;
  sim_socket_t *socket = sim_descriptor_find(fd);
  if (path_of(name) != NULL)
    return done(sim_socket_connect_name(socket, path_of(name)));
  (void) sim_address_read(name, &address); /* cannot fail */
  (void) sim_socket_connect(socket, &address);
  rest();
  const int err = sim_socket_error(socket);
  return done(err > 0 ? -EINPROGRESS : err);
}

int __wrap_getsockname(int fd, struct sockaddr *name, socklen_t *len) {
  int size = (int) *len;
  sim_address_write(&sim_descriptor_find(fd)->local, name, &size);
  *len = (socklen_t) size;
  return 0;
}

/* A socket with a linger time of zero is reset when it closes. */
int __wrap_setsockopt(int fd, int level, int name, const void *value,
                      socklen_t len) {
  sim_socket_t *socket = sim_descriptor_find(fd);
  if (socket == NULL)
    return __real_setsockopt(fd, level, name, value, len);
  if (name == SO_LINGER)
    socket->patience = 1;
  return 0;
}

int __wrap_shutdown(int fd, int how) {
  rest();
  return done(sim_socket_shutdown(sim_descriptor_find(fd)));
}

int __wrap_close(int fd) {
  unsigned ways;
  rest();
  sim_socket_t *socket = sim_descriptor_take(fd, &ways);
  if (socket == NULL)
    return __real_close(fd);
  sim_socket_close(socket, socket->patience == 1);
  return done(0);
}

ssize_t __wrap_recv(int fd, void *at, size_t len, int flags) {
  rest();
  return done(sim_socket_read(sim_descriptor_find(fd), at, len));
}

ssize_t __wrap_read(int fd, void *at, size_t len) {
  return sim_descriptor_find(fd) != NULL ? __wrap_recv(fd, at, len, 0)
                                         : __real_read(fd, at, len);
}

ssize_t __wrap_send(int fd, const void *at, size_t len, int flags) {
  rest();
  uv_buf_t buf = { .len = len };
  memcpy(&buf.base, &at, sizeof(at)); /* only read from */
  return done(sim_socket_write(sim_descriptor_find(fd), &buf, 1));
}

ssize_t __wrap_write(int fd, const void *at, size_t len) {
  return sim_descriptor_find(fd) != NULL ? __wrap_send(fd, at, len, 0)
                                         : __real_write(fd, at, len);
}

/* Reads and writes on a thread of the pool, which wait until all bytes are
   written. */

typedef struct {
  sim_task_t task;
  uv_fs_t *req;
  sim_socket_t *socket;
  uv_buf_t left;
  bool writes;
} call_t;

static ssize_t call_some(call_t *call) {
  return call->writes
             ? sim_socket_write(call->socket, &call->left, 1)
             : sim_socket_read(call->socket, call->left.base, call->left.len);
}

static void call_end(call_t *call, ssize_t result) {
  uv_fs_t *req = call->req;
  req->result = result < 0 ? result : req->result + result;
  free(call);
  sim_request_end(req->loop);
  req->cb(req);
}

static void call_go_on(sim_task_t *task) {
  call_t *call = (call_t *) task;
  const ssize_t n = call_some(call);
  const size_t some = n > 0 ? (size_t) n : 0;
  if (n != UV_EAGAIN && (!call->writes || some == call->left.len || n < 0)) {
    call_end(call, n);
    return;
  }
  call->left.base += some;
  call->left.len -= some;
  call->req->result += (ssize_t) some;
  sim_task_set(task, SIM_MS, call_go_on);
}

static int call_begin(uv_loop_t *loop, uv_fs_t *req, int fd,
                      const uv_buf_t *buf, bool writes, uv_fs_cb cb) {
  call_t *call = calloc(1, sizeof(*call));
  *call = (call_t){ .req = req,
                    .socket = sim_descriptor_find(fd),
                    .left = *buf,
                    .writes = writes };
  memset(req->reserved, 0, sizeof(req->reserved));
  req->type = UV_FS;
  req->fs_type = writes ? UV_FS_WRITE : UV_FS_READ;
  req->loop = loop;
  req->cb = cb;
  req->result = 0;
  req->ptr = NULL;
  req->path = NULL;
  sim_request_begin(loop);
  sim_task_set(&call->task, 0, call_go_on);
  return 0;
}

int __wrap_uv_fs_read(uv_loop_t *loop, uv_fs_t *req, uv_file fd,
                      const uv_buf_t bufs[], unsigned n, int64_t offset,
                      uv_fs_cb cb) {
  return sim_descriptor_find(fd) != NULL
             ? call_begin(loop, req, fd, bufs, false, cb)
             : __real_uv_fs_read(loop, req, fd, bufs, n, offset, cb);
}

int __wrap_uv_fs_write(uv_loop_t *loop, uv_fs_t *req, uv_file fd,
                       const uv_buf_t bufs[], unsigned n, int64_t offset,
                       uv_fs_cb cb) {
  return sim_descriptor_find(fd) != NULL
             ? call_begin(loop, req, fd, bufs, true, cb)
             : __real_uv_fs_write(loop, req, fd, bufs, n, offset, cb);
}
