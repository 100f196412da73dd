/* SPDX-License-Identifier: MIT */
/*
 * Connections by name, as streams that their values own: such a stream closes
 * with the last reference to its value, which has to go on the loop's thread.
 * avow_read(), avow_write() and their like take what avow_to_stream() gives,
 * libuv's own functions what avow_stream_handle() gives of that. Keep a
 * reference for as long as something of the stream is pending: closing rejects
 * that with UV_ECANCELED. avow_close() closes one before. A name that is NULL
 * is UV_EINVAL, but for the host of avow_bind().
 */
#ifndef AVOW_NET_H
#define AVOW_NET_H

#include "avow/channel.h"
#include "avow/stream.h"

AVOW_HEADER_BEGIN

/**
 * OBJECT: a stream connected to the host's service ("example.org", "443").
 * Looks the name up (uv_getaddrinfo), tries the addresses alternating between
 * families, the next one after 250 ms or once one fails, and takes the first to
 * answer (RFC 8305). If none does: the code of the first failure, a message
 * with all, and their LIST as its cause. Else it rejects as the lookup does,
 * with UV_EAI_SERVICE for ports past 65535. A host and a service in numbers
 * wait for no thread of the pool. Cancelling stops it at any stage.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_connect(uv_loop_t *loop,
                                                    const char *host,
                                                    const char *service);

/**
 * NONE once a handle of the program's is connected to the host's service: the
 * addresses are looked up and raced as by avow_connect() (uv_tcp_open).
 *
 * tcp is initialized (uv_tcp_init) and has no socket. It stays the program's,
 * to be closed and freed, and must stay in memory while this is pending. Until
 * it is connected it is not touched: after a rejection, and after cancelling,
 * it is as it was, and may be connected again. avow_close_handle() of it
 * rejects this with UV_ECANCELED first; after a uv_close() of the program's own
 * cancel this before the handle is freed.
 *
 * Rejects as avow_connect() does. UV_EINVAL if it has a socket or is closing,
 * UV_EALREADY while another avow_tcp_connect_host() of it is pending, UV_EMFILE
 * without a descriptor, UV_ENOTSUP on Windows. Cancelling stops it at any
 * stage.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_tcp_connect_host(
    uv_tcp_t *tcp, const char *host, const char *service);

/**
 * OBJECT: a stream connected to that name, as by avow_pipe_connect().
 * Cancelling closes it.
 *
 * If the queue of the server is full, Linux rejects with UV_EAGAIN at once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_connect_path(uv_loop_t *loop,
                                                         const char *name);

/**
 * OBJECT: a stream bound to an address of that host and service, for
 * avow_connections() (uv_getaddrinfo, uv_tcp_bind). The host NULL stands for
 * all addresses of this machine: "::", which serves IPv6 and IPv4, or 0.0.0.0
 * where the system has no IPv6. Peers by IPv4 then have addresses such as
 * [::ffff:192.0.2.1]:80. The service "0" stands for any free port:
 * avow_local_address() says which. Takes the first address that can be had;
 * rejects as the last one, UV_EADDRINUSE, …, or as the lookup, UV_EAI_*,
 * UV_EAI_SERVICE for ports past 65535. A host and a service in numbers wait for
 * no thread of the pool. Cancelling ends that.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_bind(uv_loop_t *loop,
                                                 const char *host,
                                                 const char *service);

/** Zero in a field stands for its default. */
typedef struct avow_bind_path_options_s {
  unsigned mode;   /* of the socket, such as 0600: only who may write to it may
                      connect; as the umask has it. UV_EINVAL beyond 0777,
                      UV_ENOTSUP on Windows */
  bool takes_over; /* the name of a socket that nobody listens on, which a
                      server leaves behind that is killed. A server that still
                      listens there sees a connection that ends at once */
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_bind_path_options_t;

/**
 * OBJECT: a stream bound to the name of a Unix domain socket or Windows pipe,
 * for avow_connections() (uv_pipe_bind). Who connects waits from now on; while
 * 511 connections wait (somaxconn), Linux refuses others with UV_EAGAIN. When
 * the stream closes, the name is removed if it still leads to this socket, also
 * after the program has changed its directory; another server's stays. After a
 * uv_close() of the program's own that happens when the value goes.
 *
 * UV_EADDRINUSE for a name that there is: nothing is removed but what
 * takes_over says, of which two servers must not make use at one moment.
 * UV_ENAMETOOLONG: a name is never cut. UV_EACCES also where there is no such
 * directory. Linux's abstract names cannot be said: for these bind a uv_pipe_t.
 * options may be NULL. Settles within the call: cancelling is too late.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_bind_path(
    uv_loop_t *loop, const char *name, const avow_bind_path_options_t *options);

/**
 * OBJECT: a stream that is waiting, or NONE (uv_accept). On a listening stream
 * the next connection; on a pipe made for handles the next that was received:
 * ask after each avow_read() until NONE. Otherwise an error: UV_ENOTSUP for
 * what is no stream, which waits on for the program's own uv_accept().
 *
 * If the process has no free descriptor, Linux drops a handle that arrives. The
 * bytes that came with it arrive, and avow_accept() returns NONE.
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_accept(uv_stream_t *from);

/** Zero in a field stands for its default. */
typedef struct avow_connections_options_s {
  int backlog;          /* connections that wait in the system's queue, which
                           may allow fewer (somaxconn); 511 */
  size_t room;          /* those accepted before somebody asks for them; none */
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_connections_options_t;

/**
 * OBJECTs, see avow_to_stream(): the connections of a bound stream (uv_listen).
 * Accepts none while the channel is full: then they wait in the system's queue.
 * A failed accept (UV_ENOMEM, …) rejects one avow_channel_next(), and others go
 * on: only closing the stream ends the channel. Without descriptors libuv
 * closes who comes. options may be NULL. UV_EALREADY if another listens,
 * UV_EADDRINUSE, …. A uv_tcp_t without a socket gets a free port of IPv4. If
 * the program has called uv_listen() itself, its callback is replaced.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_connections(
    uv_stream_t *server, const avow_connections_options_t *options);

/**
 * INT: bytes written, with a handle over a pipe made for handles (uv_write2).
 * Takes BYTES, at least one, and the handle: a value that owns it, which is
 * kept until it is out, or avow_pointer() to one of the program's, which must
 * stay open as long. Our end of it stays open. Cancelling takes nothing back.
 * UV_EINVAL if the stream is no such pipe, UV_EBADF if the handle has no
 * descriptor.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_write_handle(uv_stream_t *stream,
                                                         avow_value_t bytes,
                                                         avow_value_t handle);

AVOW_HEADER_END

#endif
