/* SPDX-License-Identifier: MIT */
/* Addresses of sockets, in numbers. */
#ifndef AVOW_ADDRESS_H
#define AVOW_ADDRESS_H

#include "avow/config.h"
#include "avow/uv.h"

AVOW_HEADER_BEGIN

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

AVOW_HEADER_END

#endif
