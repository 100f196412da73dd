/* SPDX-License-Identifier: MIT */
/* Binding by name, and accepting connections. */
#include "uv/bind.h"

#include <string.h>

#include "avow/net.h"
#include "engine/chain.h"
#include "uv/address.h"
#include "uv/op.h"
#include "uv/stream.h"
#include "uv/stream_value.h"

int avow__bind_to(uv_tcp_t *tcp, const struct sockaddr *address,
                  unsigned flags) {
  struct sockaddr_storage name;
  int len = sizeof(name);
  const int err = uv_tcp_bind(tcp, address, flags);
  return err != 0 ? err
                  : uv_tcp_getsockname(tcp, (struct sockaddr *) &name, &len);
}

static avow_value_t bound_to(uv_loop_t *loop, const struct sockaddr *address) {
  const avow_value_t v = avow__owned_new(loop, UV_TCP);
  if (avow_is_error(&v))
    return v;
  const int err =
      avow__bind_to((uv_tcp_t *) avow__owned_handle(&v), address, 0);
  if (err == 0)
    return v;
  char name[AVOW__ADDRESS_MAX];
  avow__address_print(address, name);
  avow__value_unref(v);
  return avow__error_of(err, "bind", name);
}

static avow_value_t bind_cb(const avow_value_t *list, void *loop) {
  const struct addrinfo *at = avow_to_addrinfo(list);
  avow_value_t v = bound_to(loop, at->ai_addr); /* the list is not empty */
  while (avow_is_error(&v) && (at = at->ai_next) != NULL) {
    avow__value_unref(v);
    v = bound_to(loop, at->ai_addr);
  }
  return v;
}

static const struct addrinfo *bind_seek(const struct addrinfo *at, int family) {
  while (at != NULL && at->ai_family != family)
    at = at->ai_next;
  return at;
}

/* An IPv6 socket also serves IPv4, so it is tried first, in whichever order the
   system lists the addresses. If its address is in use, serving only IPv4 would
   be wrong. */
static avow_value_t bind_all_cb(const avow_value_t *list, void *loop) {
  const struct addrinfo *at = avow_to_addrinfo(list);
  const struct addrinfo *six = bind_seek(at, AF_INET6);
  const struct addrinfo *four = bind_seek(at, AF_INET);
  const avow_value_t v = bound_to(loop, (six != NULL ? six : at)->ai_addr);
  const int err = avow_error_code(&v);
  if (err == 0 || err == UV_EADDRINUSE || six == NULL || four == NULL)
    return v;
  avow__value_unref(v);
  return bound_to(loop, four->ai_addr);
}

avow_promise_t *avow_bind(uv_loop_t *loop, const char *host,
                          const char *service) {
  avow__check_ready(loop);
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                                  .ai_flags = AI_PASSIVE };
  if (service == NULL)
    return avow__refuse(loop, UV_EINVAL, "bind", host);
  avow_promise_t *p = avow_getaddrinfo(loop, host, service, &hints);
  return avow__then_begin(p, host != NULL ? bind_cb : bind_all_cb, loop);
}

static bool carries_handles(const uv_stream_t *stream) {
  return stream->type == UV_NAMED_PIPE && ((const uv_pipe_t *) stream)->ipc;
}

static uv_handle_type waiting_type(uv_stream_t *from) {
  if (!carries_handles(from))
    return from->type;
  return uv_pipe_pending_type((uv_pipe_t *) from);
}

static avow_value_t accept_error(int err) {
  return err == UV_EAGAIN ? avow_none() : avow__error_of(err, "accept", NULL);
}

avow_value_t avow_accept(uv_stream_t *from) {
  if (from == NULL) {
    avow__misuse_of_no_handle();
    return avow_error(AVOW_EMISUSE);
  }
  if (uv_is_closing((uv_handle_t *) from))
    return accept_error(UV_EINVAL);
  const uv_handle_type type = waiting_type(from);
  if (carries_handles(from) && uv_pipe_pending_count((uv_pipe_t *) from) == 0)
    return avow_none();
  if (type != UV_TCP && type != UV_NAMED_PIPE)
    return accept_error(UV_ENOTSUP);
  const avow_value_t v = avow__owned_accept(from, type);
  return avow_is_error(&v) ? accept_error(v.code) : v;
}
