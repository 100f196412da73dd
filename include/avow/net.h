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
#include "avow/config.h"
#include "avow/promise.h"
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
  size_t capacity;      /* those accepted before somebody asks for them; none */
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

/*
 * Readiness of sockets as a channel. It stops listening when its last reference
 * goes, or by avow_channel_close(); it keeps the loop alive only while somebody
 * waits for an item. avow_channel_first() is for what shall happen once.
 */

/**
 * INTs: which of the events (UV_READABLE, UV_WRITABLE, …) the socket is ready
 * for (uv_poll_start). It is asked only while somebody waits: whoever takes an
 * item has all the time to read before the next. May be wrong at times: read
 * without blocking. One watcher a socket; it stays the program's, who closes it
 * after the channel, never before: libuv aborts when what it asks about is no
 * open descriptor. UV_EINVAL for no events, UV_EEXIST, UV_EPERM for a regular
 * file, UV_EBADF.
 *
 * A socket with an error, such as a refused connect, is ready for all events
 * asked for. The next call of the program on the socket gets the error. libuv
 * sets O_NONBLOCK, which belongs to all processes that share the open file. The
 * socket keeps that flag when the channel is closed.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_polls(uv_loop_t *loop,
                                                  uv_os_sock_t socket,
                                                  int events);

/* Addresses of sockets, in numbers. */

/** An address in numbers, by value. */
typedef struct avow_address_s {
  char text[64]; /* "127.0.0.1:80", "[::1]:80"; empty for none. An address of a
                    link has its zone: "[fe80::1%eth0]:80", or the number of
                    an interface that no longer exists. A peer by IPv4 of a
                    socket of IPv6 is "[::ffff:192.0.2.1]:80" */
  int port;      /* 80; 0 for none */
} avow_address_t;

/** Of what the system or libuv gives; none for other than IP, and for NULL. */
AVOW_API avow_address_t avow_address(const struct sockaddr *address);

/**
 * Our end of a uv_tcp_t or a uv_udp_t; none for what is not bound, and for
 * other handles (uv_tcp_getsockname, uv_udp_getsockname).
 */
AVOW_API avow_address_t avow_local_address(const uv_handle_t *handle);

/**
 * The other end, to which such a handle is connected; none for what is not
 * connected, and for other handles (uv_tcp_getpeername, uv_udp_getpeername).
 * When the peer has reset a connection, its address is lost.
 */
AVOW_API avow_address_t avow_peer_address(const uv_handle_t *handle);

/* Names and addresses. */

/**
 * OBJECT: the addresses of a host and service, see avow_to_addrinfo(). Rejects
 * with UV_EAI_*, UV_EAI_SERVICE for a port that is no number from 0 to 65535,
 * UV_EINVAL without either; strings and hints, each of which may be NULL, are
 * copied. Cancelling takes it off the thread pool's queue; one that runs ends
 * in the background and is freed (uv_getaddrinfo). A host that is a number, or
 * NULL, with a port that is a number, or NULL, does not use the thread pool: it
 * settles within the call.
 *
 * Without ai_socktype in the hints, the list has each address once for each
 * type of socket. A host of more than 255 bytes, or that is not UTF-8, rejects
 * with UV_EINVAL. UV_EAI_NONAME can also mean that the process has no free
 * descriptor.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_getaddrinfo(
    uv_loop_t *loop, const char *node, const char *service,
    const struct addrinfo *hints);

/** The list, which the value keeps alive. */
AVOW_API const struct addrinfo *avow_to_addrinfo(const avow_value_t *v);

/**
 * LIST: the host and the service of an address, each as BYTES, numbers where
 * flags (NI_NUMERICHOST, …) ask for that or there is no name (uv_getnameinfo).
 * The address is copied; NULL is UV_EINVAL. Rejects with UV_EAI_*. Cancelling
 * takes it off the thread pool's queue; one that runs ends in the background.
 * With NI_NUMERICHOST and NI_NUMERICSERV it does not use the thread pool, and
 * settles within the call.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_getnameinfo(
    uv_loop_t *loop, const struct sockaddr *address, int flags);

/*
 * Datagrams, over the program's own uv_udp_t. handle->data stays the program's.
 * A handle has to stay in memory while a promise of it is pending: close it
 * with avow_close_handle(), which settles them first.
 */

/**
 * INT: bytes sent, always the whole datagram. Takes BYTES. The address, NULL
 * for the one that the socket is connected to, is copied. Tries at once and
 * queues what the system would not take (uv_udp_try_send, uv_udp_send).
 * UV_EINVAL for what is no BYTES, and for an address that is not of IP where
 * there is no socket yet. UV_EMSGSIZE if it is too long for a datagram,
 * UV_EDESTADDRREQ without an address, UV_EISCONN with one if the socket is
 * connected. A connected socket also rejects a send with what became of an
 * earlier one, such as UV_ECONNREFUSED. Cancelling does not take it back.
 *
 * If the handle has no socket yet, the first address decides the family of the
 * socket. A socket of IPv4 rejects IPv6 addresses with UV_EAFNOSUPPORT.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_udp_send(
    uv_udp_t *udp, avow_value_t bytes, const struct sockaddr *address);

/** A datagram that has arrived. */
typedef struct avow_datagram_s {
  const char *data;
  size_t len;                   /* 0: an empty one arrived */
  struct sockaddr_storage from; /* a copy; of the family AF_UNSPEC if the sender
                                   has no address */
  unsigned flags;               /* UV_UDP_PARTIAL: it was longer */
} avow_datagram_t;

/**
 * OBJECTs, see avow_to_datagram(): the datagrams that arrive
 * (uv_udp_recv_start). Receives none while the channel is full: the system
 * keeps some and drops the rest. What went wrong with one rejects one
 * avow_channel_next(), and others go on; closing the socket ends the channel.
 * UV_EALREADY if another receives. A handle without a socket gets a free port
 * of IPv4.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_datagrams(uv_udp_t *udp,
                                                      size_t capacity);

/** A datagram, which the value keeps in memory. */
AVOW_API const avow_datagram_t *avow_to_datagram(const avow_value_t *v);

/* The end of handles of any kind; that of a stream is avow_close(), too. */

/**
 * NONE when the handle, of any kind, is closed and its memory may be reused
 * (uv_close). All that is pending on it settles before, reads and writes with
 * UV_ECANCELED. UV_EALREADY if it is closing. Cannot be cancelled: whoever
 * frees the handle when this settles does so in time. Should even the reserve
 * of memory be used up, this rejects with UV_ENOMEM and the handle still
 * closes.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_close_handle(uv_handle_t *handle);

/**
 * NONE when the handle is closed, as by avow_close_handle(), but with a reset,
 * so that the peer's reads and writes fail and what was not sent is discarded
 * (uv_tcp_close_reset). Rejects while an avow_shutdown() is pending or without
 * a socket; the handle then stays open.
 *
 * UV_EINVAL while a shutdown is pending, UV_EBADF without a socket, UV_EALREADY
 * if the handle is closing.
 *
 * If an avow_shutdown() is done, the peer's reads end without an error. While
 * another descriptor leads to the socket, for example in a child process, the
 * system sends no reset.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_close_reset(uv_tcp_t *tcp);

AVOW_HEADER_END

#endif
