/* SPDX-License-Identifier: MIT */
/*
 * Connections, servers, addresses and datagrams.
 *
 * avow_connect(), avow_bind() and avow_accept() give an OBJECT that owns a
 * stream. avow_to_stream() returns the stream for avow_read(), avow_write() and
 * others. avow_stream_handle() returns its handle for functions of libuv. The
 * stream closes when the program calls avow_close() or releases the last
 * reference to the OBJECT. Release it on the loop's thread. Keep a reference
 * while a promise of the stream is pending, because closing rejects the promise
 * with UV_ECANCELED.
 *
 * Functions that take a uv_udp_t or another handle of the program do not use
 * handle->data. The handle must stay in memory while an operation on it is
 * pending. avow_close_handle() settles the promises of these operations before
 * its own.
 *
 * A channel of connections, datagrams or readiness stops when it is closed or
 * its last reference is released. It keeps the loop alive only while a receiver
 * waits. Use avow_channel_first() for one item.
 */
#ifndef AVOW_NET_H
#define AVOW_NET_H

#include "avow/channel.h"
#include "avow/config.h"
#include "avow/promise.h"
#include "avow/stream.h"

AVOW_HEADER_BEGIN

/**
 * Connects to `service` of `host`, such as "443" of "example.org".
 *
 * Looks up the name and tries its addresses, alternating between IPv6 and IPv4.
 * The next attempt starts after 250 ms or when an attempt fails. The first
 * connection that succeeds is used (RFC 8305). The lookup of a numeric host and
 * service does not use the thread pool.
 *
 * @settles OBJECT stream; see avow_to_stream()
 * @rejects with the code of the first failed attempt if all attempts fail; the
 *          message of the error names all failures, and avow_error_cause()
 *          returns the LIST of their errors
 * @rejects UV_EAI_NONAME, … if the lookup fails
 * @rejects UV_EAI_SERVICE if the port is not from 0 to 65535
 * @rejects UV_EINVAL if `host` or `service` is NULL
 * @cancel  Stops the lookup and all attempts.
 * @see     uv_getaddrinfo()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_connect(uv_loop_t *loop,
                                                    const char *host,
                                                    const char *service);

/**
 * Connects the program's `tcp` to `service` of `host`.
 *
 * Looks up the name and tries its addresses as avow_connect() does. `tcp` must
 * be initialized by uv_tcp_init() and have no socket. It must stay in memory
 * while the promise is pending. The program still owns `tcp` and must close it.
 *
 * avow does not change `tcp` until a connection is made. After a rejection or a
 * cancellation the caller may connect it again. avow_close_handle() of `tcp`
 * rejects the promise with UV_ECANCELED. If the caller uses uv_close() instead,
 * it must cancel the promise before it frees the handle.
 *
 * @settles NONE when `tcp` is connected
 * @rejects as avow_connect() if no connection can be made
 * @rejects UV_EINVAL if `tcp` has a socket or is closing, or `host` or
 *          `service` is NULL
 * @rejects UV_EALREADY if another avow_tcp_connect_host() of `tcp` is pending
 * @rejects UV_EMFILE if there is no free descriptor
 * @rejects UV_ENOTSUP on Windows
 * @cancel  Stops the lookup and all attempts.
 * @see     uv_tcp_open()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_tcp_connect_host(
    uv_tcp_t *tcp, const char *host, const char *service);

/**
 * Connects to the Unix domain socket or Windows pipe `name`.
 *
 * @settles OBJECT stream; see avow_to_stream()
 * @rejects as avow_pipe_connect() if no connection can be made
 * @rejects UV_EAGAIN if the backlog of the server is full, on Linux
 * @cancel  Closes the stream.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_connect_path(uv_loop_t *loop,
                                                         const char *name);

/**
 * Binds a stream to an address of `host` and `service`.
 *
 * Pass the stream to avow_connections(). A `host` of NULL means all addresses
 * of the machine: "::", or 0.0.0.0 if the system has no IPv6. A stream on "::"
 * also serves IPv4 peers, whose addresses then look like [::ffff:192.0.2.1]:80.
 * A `service` of "0" means any free port; avow_local_address() tells which. The
 * first address that can be bound is used. The lookup of a numeric host and
 * service does not use the thread pool.
 *
 * @settles OBJECT stream; see avow_to_stream()
 * @rejects UV_EADDRINUSE, … if no address can be bound, with the error of the
 *          last address
 * @rejects UV_EAI_NONAME, … if the lookup fails
 * @rejects UV_EAI_SERVICE if the port is not from 0 to 65535
 * @rejects UV_EINVAL if `service` is NULL
 * @cancel  Stops the lookup.
 * @see     uv_getaddrinfo(), uv_tcp_bind()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_bind(uv_loop_t *loop,
                                                 const char *host,
                                                 const char *service);

/**
 * Options of avow_bind_path().
 *
 * 0 in a field means its default.
 */
typedef struct avow_bind_path_options_s {
  /* Mode of the socket, such as 0600, at most 0777. Only users who may write to
     the socket can connect. The default depends on the umask. UV_ENOTSUP on
     Windows. */
  unsigned mode;
  /* Whether to replace a socket that no server listens on, such as the socket
     of a killed server. To test this, avow connects to the socket and closes
     the connection at once. Two servers must not call avow_bind_path() with
     this option for the same name at the same time. Default: false. */
  bool takes_over;
  uint64_t reserved[4]; /* must be zeros, else UV_EINVAL */
} avow_bind_path_options_t;

/**
 * Binds a stream to the Unix domain socket or Windows pipe `name`.
 *
 * Pass the stream to avow_connections(). Clients can connect when this call has
 * returned, and wait until the program accepts them. While 511 clients wait (or
 * somaxconn, if it is lower), Linux refuses others with UV_EAGAIN. `options`
 * may be NULL. For an abstract name of Linux, bind a uv_pipe_t instead.
 *
 * When the stream closes, avow removes `name` if it still refers to this
 * socket, even if the current directory has changed. If the program closes
 * the handle with uv_close(), avow removes `name` when the value is released.
 *
 * @settles OBJECT stream, within the call; see avow_to_stream()
 * @rejects UV_EADDRINUSE if `name` exists and `takes_over` does not replace it
 * @rejects UV_ENAMETOOLONG if `name` is too long; avow never truncates `name`
 * @rejects UV_EACCES if the directory does not exist or denies access
 * @rejects UV_EINVAL if `name` is NULL or empty, or an option is invalid
 * @rejects UV_ENOTSUP if `mode` is set on Windows
 * @cancel  Has no effect: the promise has settled.
 * @see     uv_pipe_bind()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_bind_path(
    uv_loop_t *loop, const char *name, const avow_bind_path_options_t *options);

/**
 * Accepts the next stream that waits on `from`, if there is one.
 *
 * On a listening stream this is the next connection. On a pipe that carries
 * handles it is the next received handle: after each avow_read(), call
 * avow_accept() until it returns NONE.
 *
 * If the process has no free descriptor, Linux drops a received handle. The
 * bytes sent with it arrive, and avow_accept() returns NONE.
 *
 * @returns OBJECT stream; NONE if none waits
 * @error   UV_ENOTSUP if the received handle is not a TCP stream or a pipe; the
 *          program can accept that handle with uv_accept()
 * @error   UV_EINVAL if `from` is closing
 * @error   as uv_accept() fails
 * @see     uv_accept()
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_accept(uv_stream_t *from);

/**
 * Options of avow_connections().
 *
 * 0 in a field means its default.
 */
typedef struct avow_connections_options_s {
  /* Length of the system's queue of connections; the system may allow fewer
     (somaxconn). The default is 511. */
  int backlog;
  /* Number of accepted connections that the channel buffers. Default: none. */
  size_t capacity;
  uint64_t reserved[4]; /* must be zeros, else UV_EINVAL */
} avow_connections_options_t;

/**
 * Listens on the bound stream `server` and accepts connections.
 *
 * While the channel is full, connections wait in the system's queue. A failed
 * accept rejects one avow_channel_next() with UV_ENOMEM or another code, and
 * the channel continues. It ends only when `server` closes. If the process has
 * no free descriptor, libuv closes new connections.
 *
 * A uv_tcp_t without a socket gets a free IPv4 port. If the program has called
 * uv_listen() on `server`, its callback is replaced. `options` may be NULL.
 *
 * @items   OBJECT stream; see avow_to_stream()
 * @fails   UV_EALREADY if another channel listens on `server`
 * @fails   UV_EADDRINUSE, … as uv_listen() fails
 * @fails   UV_EINVAL if `server` is closing or an option is invalid
 * @see     uv_listen()
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_connections(
    uv_stream_t *server, const avow_connections_options_t *options);

/**
 * Writes `bytes` and sends `handle` over a pipe that carries handles.
 *
 * `bytes` is BYTES or a LIST of BYTES, at least one byte in all. `handle` is a
 * value that owns a stream, or avow_pointer() to a handle of the program. avow
 * releases the value when the handle is sent. A handle of the program must stay
 * open until then. Sending does not close the handle in this process.
 *
 * @settles INT bytes, always all of them
 * @rejects UV_EINVAL if `stream` does not carry handles, or `bytes` or `handle`
 *          is invalid
 * @rejects UV_EBADF if `handle` has no descriptor
 * @rejects as avow_write() if the write fails
 * @cancel  Rejects the promise. The bytes and the handle are still sent.
 * @see     uv_write2()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_write_handle(uv_stream_t *stream,
                                                         avow_value_t bytes,
                                                         avow_value_t handle);

/**
 * Reports when `socket` is ready for one of `events`.
 *
 * `events` is a combination of UV_READABLE, UV_WRITABLE, UV_DISCONNECT and
 * UV_PRIORITIZED. avow polls the socket only while a receiver waits. The caller
 * must read or write before it receives the next item, or the event is reported
 * again. An item does not guarantee that the socket is ready: read and write
 * without blocking. A socket with an error, such as a refused connect, is ready
 * for all `events`; the next system call on it gets the error.
 *
 * The program still owns the socket. A socket can have one watcher. Close the
 * channel before the socket: libuv aborts if a watched descriptor is not open.
 * The flag O_NONBLOCK, which libuv sets, applies to all processes that share
 * the open file and stays when the channel is closed.
 *
 * @items   INT, those of `events` that the socket is ready for
 * @fails   UV_EINVAL if `events` is 0 or has unknown bits
 * @fails   UV_EEXIST if the loop already watches the socket
 * @fails   UV_EPERM if `socket` is a regular file
 * @fails   UV_EBADF if `socket` is not open
 * @see     uv_poll_start()
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_polls(uv_loop_t *loop,
                                                  uv_os_sock_t socket,
                                                  int events);

/** A numeric address and port, by value. */
typedef struct avow_address_s {
  /* Address and port, such as "127.0.0.1:80" or "[::1]:80"; empty for none. A
     link-local address has its zone: "[fe80::1%eth0]:80", or a number if the
     interface no longer exists. An IPv4 peer of an IPv6 socket is
     "[::ffff:192.0.2.1]:80". */
  char text[64];
  int port; /* port number; 0 for none */
} avow_address_t;

/**
 * Formats `address`, such as one from the system or libuv, with its port.
 *
 * @returns the address; an empty one if `address` is NULL or not of IPv4 or
 *          IPv6
 */
AVOW_API avow_address_t avow_address(const struct sockaddr *address);

/**
 * Gets the local address of a uv_tcp_t or a uv_udp_t.
 *
 * @returns the address; an empty one if the handle is not bound or of another
 *          type
 * @see     uv_tcp_getsockname(), uv_udp_getsockname()
 */
AVOW_API avow_address_t avow_local_address(const uv_handle_t *handle);

/**
 * Gets the address of the peer of a uv_tcp_t or a uv_udp_t.
 *
 * The address is lost when the peer resets the connection.
 *
 * @returns the address; an empty one if the handle is not connected or of
 *          another type
 * @see     uv_tcp_getpeername(), uv_udp_getpeername()
 */
AVOW_API avow_address_t avow_peer_address(const uv_handle_t *handle);

/**
 * Looks up the addresses of a host and a service.
 *
 * `node`, `service` and `hints` are copied. Each may be NULL, but not both
 * `node` and `service`. Without `ai_socktype` in `hints`, the list has each
 * address once for each socket type. If `node` and `service` are numbers or
 * NULL, the promise settles within the call and does not use the thread pool.
 *
 * @settles OBJECT addrinfo; see avow_to_addrinfo()
 * @rejects UV_EAI_NONAME, … if the lookup fails; UV_EAI_NONAME can also mean
 *          that the process has no free descriptor
 * @rejects UV_EAI_SERVICE if `service` is a number that is not from 0 to 65535
 * @rejects UV_EINVAL if `node` and `service` are NULL
 * @rejects UV_EINVAL if `node` has more than 255 bytes or is not UTF-8
 * @cancel  Stops a request that has not started. The result of a running
 *          request is freed.
 * @see     uv_getaddrinfo()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_getaddrinfo(
    uv_loop_t *loop, const char *node, const char *service,
    const struct addrinfo *hints);

/**
 * Gets the list of addresses in a result of avow_getaddrinfo().
 *
 * @returns the list; valid until the last reference to `v` is released
 */
AVOW_API const struct addrinfo *avow_to_addrinfo(const avow_value_t *v);

/**
 * Looks up the host and the service of `address`.
 *
 * `address` is copied. `flags` are those of getnameinfo(3). With NI_NUMERICHOST
 * and NI_NUMERICSERV the promise settles within the call and does not use the
 * thread pool.
 *
 * @settles LIST of two BYTES: host and service, as numbers if `flags` ask for
 *          them or there is no name
 * @rejects UV_EAI_NONAME, … if the lookup fails
 * @rejects UV_EINVAL if `address` is NULL
 * @cancel  Stops a request that has not started.
 * @see     uv_getnameinfo()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_getnameinfo(
    uv_loop_t *loop, const struct sockaddr *address, int flags);

/**
 * Sends a datagram of `bytes`, which is BYTES, to `address`.
 *
 * `address` is copied. For a connected socket it must be NULL. avow tries to
 * send within the call and queues the datagram if the system does not accept
 * it. If the handle has no socket yet, the first address decides the family of
 * the socket.
 *
 * @settles INT bytes, always the whole datagram
 * @rejects UV_EINVAL if `bytes` has another type, or the handle is closing
 * @rejects UV_EINVAL if the handle has no socket and `address` is not of IPv4
 *          or IPv6
 * @rejects UV_EMSGSIZE if `bytes` is too long for a datagram
 * @rejects UV_EDESTADDRREQ if `address` is NULL and the socket is not connected
 * @rejects UV_EISCONN if `address` is not NULL and the socket is connected
 * @rejects UV_EAFNOSUPPORT if the socket is of IPv4 and `address` of IPv6
 * @rejects UV_ECONNREFUSED, … if an earlier send of a connected socket failed
 * @cancel  Rejects the promise. The datagram is still sent.
 * @see     uv_udp_try_send(), uv_udp_send()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_udp_send(
    uv_udp_t *udp, avow_value_t bytes, const struct sockaddr *address);

/** A received datagram. */
typedef struct avow_datagram_s {
  const char *data;             /* its bytes */
  size_t len;                   /* number of bytes; 0 for an empty datagram */
  struct sockaddr_storage from; /* sender; AF_UNSPEC if it has no address */
  unsigned flags;               /* UV_UDP_PARTIAL if the datagram was longer */
} avow_datagram_t;

/**
 * Receives the datagrams that arrive at `udp`.
 *
 * While the channel is full, avow receives no datagram: the system keeps some
 * and drops the others. A failed receive rejects one avow_channel_next(), and
 * the channel continues. The channel ends when the socket closes. A handle
 * without a socket gets a free IPv4 port.
 *
 * @items   OBJECT datagram; see avow_to_datagram()
 * @fails   UV_EALREADY if another channel or the program receives on `udp`
 * @fails   UV_EINVAL if the handle is closing
 * @see     uv_udp_recv_start()
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_datagrams(uv_udp_t *udp,
                                                      size_t capacity);

/**
 * Gets the datagram in an item of avow_datagrams().
 *
 * @returns the datagram; valid until the last reference to `v` is released
 */
AVOW_API const avow_datagram_t *avow_to_datagram(const avow_value_t *v);

/**
 * Closes a handle of any type.
 *
 * All promises of avow that are pending on the handle settle first: reads and
 * writes reject with UV_ECANCELED.
 *
 * @settles NONE when the handle is closed and its memory may be reused
 * @rejects UV_EALREADY if the handle is closing
 * @rejects UV_ENOMEM if out of memory; the handle closes, but must stay in
 *          memory until the loop is closed
 * @cancel  Has no effect.
 * @see     uv_close()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_close_handle(uv_handle_t *handle);

/**
 * Closes `tcp` with a reset: unsent bytes are discarded.
 *
 * The peer's reads and writes fail. After an avow_shutdown() the peer's reads
 * end without an error instead. The system sends no reset while another
 * descriptor refers to the socket, for example in a child process.
 *
 * Promises that are pending on the handle settle first: reads and writes reject
 * with UV_ECANCELED.
 *
 * @settles NONE when the handle is closed and its memory may be reused
 * @rejects UV_EINVAL if an avow_shutdown() is pending; the handle stays open
 * @rejects UV_EBADF if the handle has no socket; it stays open
 * @rejects UV_EALREADY if the handle is closing
 * @cancel  Has no effect.
 * @see     uv_tcp_close_reset()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_close_reset(uv_tcp_t *tcp);

AVOW_HEADER_END

#endif
