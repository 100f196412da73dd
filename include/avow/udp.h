/* SPDX-License-Identifier: MIT */
/*
 * Datagrams, over the program's own uv_udp_t. handle->data stays the program's.
 * A handle has to stay in memory while a promise of it is pending: close it
 * with avow_close_handle(), which settles them first.
 */
#ifndef AVOW_UDP_H
#define AVOW_UDP_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

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
                                                      size_t room);

/** A datagram, which the value keeps in memory. */
AVOW_API const avow_datagram_t *avow_to_datagram(const avow_value_t *v);

AVOW_HEADER_END

#endif
