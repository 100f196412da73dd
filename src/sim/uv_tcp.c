/* SPDX-License-Identifier: MIT */
/* TCP handles. Socket options that the simulation cannot observe have no
   effect. */
#include "sim/socket_connect.h"
#include "sim/stream_state.h"

SIM_ANCHOR(tcp)

static sim_stream_t *tcp_of(const uv_tcp_t *handle) {
  return sim_stream_of(handle);
}

static void tcp_socket(sim_stream_t *stream, int family) {
  if (stream->socket == NULL)
    sim_stream_take(stream, sim_socket_new(false, family));
}

int uv_tcp_init_ex(uv_loop_t *loop, uv_tcp_t *handle, unsigned flags) {
  const int family = (int) (flags & 0xFF);
  if (flags > 0xFF ||
      (family != AF_INET && family != AF_INET6 && family != AF_UNSPEC))
    return UV_EINVAL;
  sim_stream_init(loop, handle, UV_TCP);
  if (family != AF_UNSPEC)
    tcp_socket(tcp_of(handle), family);
  return 0;
}

int uv_tcp_init(uv_loop_t *loop, uv_tcp_t *handle) {
  return uv_tcp_init_ex(loop, handle, AF_UNSPEC);
}

/* As in libuv, an address that is in use is reported later. */
static int tcp_bind(sim_stream_t *stream, const sim_address_t *address,
                    unsigned flags) {
  tcp_socket(stream, address->family);
  if (stream->socket->local.family != address->family)
    return UV_EINVAL;
  stream->socket->v6only = (flags & UV_TCP_IPV6ONLY) != 0;
  const int err = sim_socket_bind(stream->socket, address);
  stream->delayed_error = err == UV_EADDRINUSE ? err : 0;
  return stream->delayed_error != 0 ? 0 : err;
}

int uv_tcp_bind(uv_tcp_t *handle, const struct sockaddr *name, unsigned flags) {
  sim_address_t address;
  if (handle->type != UV_TCP ||
      sim_handle_is_closing((const uv_handle_t *) handle) ||
      sim_address_read(name, &address) != 0)
    return UV_EINVAL;
  if ((flags & UV_TCP_IPV6ONLY) != 0 && address.family != AF_INET6)
    return UV_EINVAL;
  if ((flags & ~(unsigned) UV_TCP_IPV6ONLY) != 0)
    return UV_ENOTSUP;
  return tcp_bind(tcp_of(handle), &address, flags);
}

/* An earlier error of bind() replaces the result of connecting. */
static int tcp_connect(sim_stream_t *stream, const sim_address_t *to) {
  if (stream->delayed_error != 0)
    return SIM_UNDER_WAY;
  tcp_socket(stream, to->family);
  stream->readable = stream->writable = true;
  return sim_socket_connect(stream->socket, to);
}

int uv_tcp_connect(uv_connect_t *req, uv_tcp_t *handle,
                   const struct sockaddr *name, uv_connect_cb cb) {
  sim_address_t to;
  if (handle->type != UV_TCP ||
      sim_handle_is_closing((const uv_handle_t *) handle) ||
      sim_address_read(name, &to) != 0)
    return UV_EINVAL;
  sim_stream_t *stream = tcp_of(handle);
  if (stream->connect != NULL)
    return UV_EALREADY;
  const int err = tcp_connect(stream, &to);
  if (err != SIM_UNDER_WAY)
    return err;
  sim_stream_connects(stream, req, cb);
  sim_stream_want(stream, SIM_OUT);
  return 0;
}

/* Returns the socket of the handle, or the reason why it has none. */
static int tcp_ask(const uv_tcp_t *handle, const sim_socket_t **out) {
  const sim_stream_t *stream = tcp_of(handle);
  if (stream != NULL && stream->delayed_error != 0)
    return stream->delayed_error;
  if (stream == NULL || stream->socket == NULL)
    return UV_EBADF;
  *out = stream->socket;
  return 0;
}

int uv_tcp_getsockname(const uv_tcp_t *handle, struct sockaddr *name,
                       int *len) {
  const sim_socket_t *socket;
  const int err = tcp_ask(handle, &socket);
  if (err == 0)
    sim_address_write(&socket->local, name, len);
  return err;
}

int uv_tcp_getpeername(const uv_tcp_t *handle, struct sockaddr *name,
                       int *len) {
  const sim_socket_t *socket;
  const int err = tcp_ask(handle, &socket);
  if (err != 0)
    return err;
  if (socket->state != SIM_CONNECTED || (socket->ended_in && socket->ended_out))
    return UV_ENOTCONN;
  sim_address_write(&socket->remote, name, len);
  return 0;
}

int uv_tcp_close_reset(uv_tcp_t *handle, uv_close_cb cb) {
  sim_stream_t *stream = tcp_of(handle);
  if (stream->shutting)
    return UV_EINVAL;
  if (stream->socket == NULL)
    return UV_EBADF;
  stream->resets = true;
  uv_close((uv_handle_t *) handle, cb);
  return 0;
}

int uv_tcp_nodelay(uv_tcp_t *handle, int enable) {
  return 0;
}

/* Keep-alive cannot be switched off again: a dead peer is still detected. */
int uv_tcp_keepalive(uv_tcp_t *handle, int enable, unsigned delay) {
  sim_stream_t *stream = tcp_of(handle);
  if (stream == NULL || enable == 0)
    return 0;
  stream->keeps_alive = true;
  if (stream->socket != NULL)
    sim_socket_keep_alive(stream->socket);
  return 0;
}

#if UV_VERSION_HEX >= 0x013400 /* 1.52 */

int uv_tcp_keepalive_ex(uv_tcp_t *handle, int enable, unsigned idle,
                        unsigned interval, unsigned count) {
  return uv_tcp_keepalive(handle, enable, idle);
}

#endif

int uv_tcp_simultaneous_accepts(uv_tcp_t *handle, int enable) {
  return 0;
}
