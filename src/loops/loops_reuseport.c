/* SPDX-License-Identifier: MIT */
/*
 * A server with a socket for each loop, all bound to one address. The system
 * distributes the connections (SO_REUSEPORT). The home loop creates these
 * sockets. Errors are therefore known at once, and clients can connect at once.
 * The program's own socket stays bound but does not listen. It keeps other
 * programs away from the address, and closing it ends the service.
 */
#include "base/container.h"
#include "loops/loops.h"

#if defined(_WIN32) || UV_VERSION_HEX < 0x013100 /* 1.49 */

bool avow__loops_share(avow_value_t server, const avow__listen_t *listen,
                       avow_promise_t **out) {
  return false;
}

#else

#  include <fcntl.h>
#  include <stddef.h>
#  include <string.h>
#  include <sys/socket.h>
#  include <unistd.h>

#  include "avow/net.h"
#  include "base/alloc.h"
#  include "engine/child.h"
#  include "uv/bind.h"
#  include "uv/serve.h"
#  include "uv/stream_lock.h"
#  include "uv/stream_value.h"

/* Loops share ports from this version on. The libuv at run time may be older
   than the uv.h of the build, and 1.48 ignores the flag. */
enum { SHARES = 0x013100 };

typedef struct {
  int fd; /* owned by home; -1 once the loop owns it */
  avow__listen_t *listen;
  avow_value_t server; /* owned by the loop while it serves */
} part_t;

/* A shared server. Its children are the calls for its parts. */
typedef struct {
  avow__parent_t parent;
  avow__reading_t reading; /* of home's server, to learn when it closes */
  avow_value_t server;
  avow__listen_t listen;
  part_t *parts; /* one for each loop */
} share_t;

/* The sockets. */

static int descriptor_of(const uv_tcp_t *tcp) {
  uv_os_fd_t fd;
  return uv_fileno((const uv_handle_t *) tcp, &fd) == 0 ? fd : -1;
}

/* Returns a bound descriptor, or -1 on failure. */
static int bound(uv_loop_t *home, const struct sockaddr *at, unsigned flags) {
  const avow_value_t v = avow__owned_new(home, UV_TCP);
  if (avow_is_error(&v))
    return -1;
  uv_tcp_t *tcp = (uv_tcp_t *) avow__owned_handle(&v);
  int fd = -1;
  if (avow__bind_to(tcp, at, flags) == 0)
    fd = fcntl(descriptor_of(tcp), F_DUPFD_CLOEXEC, 0);
  avow__value_unref(v);
  return fd;
}

static void close_socket(int fd) {
  if (fd >= 0)
    (void) close(fd); /* a socket is closed in any case */
}

/* Whether no socket listens at the address, not even one that shares the
   port. */
static bool is_free(uv_loop_t *home, const struct sockaddr *at,
                    unsigned flags) {
  const int fd = bound(home, at, flags);
  close_socket(fd);
  return fd >= 0;
}

static unsigned flags_of(const uv_tcp_t *tcp) {
  int only = 0;
  socklen_t len = sizeof(only); /* fails if the socket is IPv4 */
  (void) getsockopt(descriptor_of(tcp), IPPROTO_IPV6, IPV6_V6ONLY, &only, &len);
  return only != 0 ? UV_TCP_IPV6ONLY : 0;
}

static bool bind_parts(part_t *parts, size_t count, const uv_tcp_t *tcp) {
  struct sockaddr_storage name;
  const struct sockaddr *at = (struct sockaddr *) &name;
  int len = sizeof(name);
  const unsigned flags = flags_of(tcp);
  if (uv_tcp_getsockname(tcp, (struct sockaddr *) &name, &len) != 0 ||
      !is_free(tcp->loop, at, flags))
    return false;
  for (size_t i = 0; i < count; i++) {
    parts[i].fd = bound(tcp->loop, at, flags | UV_TCP_REUSEPORT);
    if (parts[i].fd < 0)
      return false;
  }
  return true;
}

static bool listen_to_parts(const part_t *parts, size_t count, int backlog) {
  for (size_t i = 0; i < count; i++)
    if (listen(parts[i].fd, backlog) != 0)
      return false;
  return true;
}

static void parts_free(part_t *parts, size_t count) {
  for (size_t i = 0; i < count; i++)
    close_socket(parts[i].fd);
  avow_free(parts);
}

/* Creates a part for each loop. Returns NULL on failure. */
static part_t *parts_new(size_t count, const uv_tcp_t *tcp, int backlog) {
  part_t *parts = avow_calloc(count, sizeof(*parts));
  if (parts == NULL)
    return NULL;
  for (size_t i = 0; i < count; i++)
    parts[i].fd = -1;
  if (bind_parts(parts, count, tcp) && listen_to_parts(parts, count, backlog))
    return parts;
  parts_free(parts, count);
  return NULL;
}

/* Runs on the loop of a part. */

static avow_value_t attend(avow_value_t stream, void *data) {
  const avow__listen_t *listen = data;
  return avow__attend(stream, listen->fn, listen->data);
}

static avow_value_t loops_share_drop_server(void *data) {
  part_t *part = data;
  avow__value_unref(part->server);
  part->server = avow_none();
  return avow_none();
}

static avow_value_t serve(uv_loop_t *own, void *data) {
  part_t *part = data;
  const avow__service_t service = { .serve = attend,
                                    .data = part->listen,
                                    .backlog = part->listen->backlog,
                                    .concurrency = part->listen->concurrency };
  const avow_value_t v = avow__owned_open(own, UV_TCP, part->fd);
  if (avow_is_error(&v))
    return v;
  part->fd = -1;
  part->server = avow_value_ref(&v);
  return avow_follow(
      avow_finally(avow__serve(v, &service), loops_share_drop_server, part));
}

/* If the part has no server to close, the error makes loops_share_report()
   cancel all parts. */
static avow_value_t loops_share_stop(uv_loop_t *own, void *data) {
  const part_t *part = data;
  if (part->server.tag == AVOW_NONE)
    return avow_error(UV_ECANCELED);
  avow__owned_close_value(&part->server);
  return avow_none();
}

/* Runs on the home loop. */

static void run_parts(share_t *share, avow_loops_fn fn) {
  const avow__listen_t *listen = &share->listen;
  for (size_t i = 0; i < avow_loops_count(listen->loops); i++) {
    avow_promise_t *p =
        avow_loops_run(listen->loops, i, listen->home, fn, &share->parts[i]);
    avow__child_add(&share->parent, avow_follow(p), 0);
  }
}

static void loops_share_on_close(avow__reading_t *reading) {
  share_t *share = AVOW__CONTAINER(share_t, reading, reading);
  avow__net_remove(share->parent.context, AVOW__READERS, &reading->node);
  if (!share->parent.stopped)
    run_parts(share, loops_share_stop);
}

static void loops_share_cancel(avow__parent_t *parent) {
  avow__owned_close_value(&((share_t *) parent)->server);
  avow__children_cancel(parent);
}

static void loops_share_report(avow__parent_t *parent, uint32_t index,
                               avow_value_t outcome) {
  if (avow_is_error(&outcome) && !parent->stopped) {
    avow__parent_settle(parent, outcome);
    loops_share_cancel(parent);
    return;
  }
  avow__value_unref(outcome);
  if (parent->running == 0)
    avow__parent_settle(parent, avow_none());
}

static void loops_share_destroy(avow__parent_t *parent) {
  const share_t *share = (const share_t *) parent;
  parts_free(share->parts, avow_loops_count(share->listen.loops));
  avow__value_unref(share->server);
  avow__loops_unref(share->listen.loops);
}

static const avow__parent_class_t share_class = { .report = loops_share_report,
                                                  .cancel = loops_share_cancel,
                                                  .destroy =
                                                      loops_share_destroy };

static void loops_share_begin(share_t *share, avow_value_t server,
                              const avow__listen_t *listen, part_t *parts) {
  avow__context_t *c = share->parent.context;
  share->server = server;
  share->listen = *listen;
  (void) avow__loops_ref(listen->loops); /* released by the destructor */
  share->parts = parts;
  share->reading.on_close = loops_share_on_close;
  (void) avow__reading_begin(c, &share->reading, /* it has no other reader */
                             (uv_handle_t *) avow__owned_handle(&server));
  for (size_t i = 0; i < avow_loops_count(listen->loops); i++)
    parts[i].listen = &share->listen;
  run_parts(share, serve);
}

/* All other servers are left to home, which reports what is wrong with them. */
static bool can_be_shared(const uv_stream_t *stream) {
  const avow__context_t *c = avow__context_of(stream->loop);
  return stream->type == UV_TCP &&
         !uv_is_closing((const uv_handle_t *) stream) &&
         avow__net_find(c, AVOW__READERS, stream) == NULL;
}

bool avow__loops_share(avow_value_t server, const avow__listen_t *listen,
                       avow_promise_t **out) {
  const uv_stream_t *stream = avow__owned_handle(&server);
  const size_t count = avow_loops_count(listen->loops);
  if (uv_version() < SHARES || !can_be_shared(stream))
    return false;
  part_t *parts = parts_new(count, (const uv_tcp_t *) stream, listen->backlog);
  if (parts == NULL)
    return false;
  share_t *share =
      avow__parent_new(listen->home, &share_class, sizeof(*share), out);
  if (share == NULL) {
    parts_free(parts, count);
    avow__unref_handled(*out);
    return false;
  }
  loops_share_begin(share, server, listen, parts);
  avow__parent_unref(&share->parent);
  return true;
}

#endif
