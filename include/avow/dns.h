/* Names and addresses. */
#ifndef AVOW_DNS_H
#define AVOW_DNS_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * OBJECT: the addresses of a host and service, see avow_to_addrinfo(). Rejects
 * with UV_EAI_*; strings and hints, each of which may be NULL, are copied.
 * Cancelling takes it off the thread pool's queue; one that runs ends in the
 * background and is freed (uv_getaddrinfo).
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_getaddrinfo(
    uv_loop_t *loop, const char *node, const char *service,
    const struct addrinfo *hints);

/** The list, which the value keeps alive. */
AVOW_API const struct addrinfo *avow_to_addrinfo(const avow_value_t *v);

/**
 * LIST: the host and the service of an address, each as BYTES, numbers where
 * flags (NI_NUMERICHOST, …) ask for that or there is no name (uv_getnameinfo).
 * The address is copied. Rejects with UV_EAI_*. Cancelling is as above.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_getnameinfo(
    uv_loop_t *loop, const struct sockaddr *address, int flags);

/** An address in numbers, by value. */
typedef struct avow_address_s {
  char text[64]; /* "127.0.0.1:80", "[::1]:80"; empty for none */
  int port;      /* 80; 0 for none */
} avow_address_t;

/** Of what the system or libuv gives; none for other than IP, and for NULL. */
AVOW_API avow_address_t avow_address(const struct sockaddr *address);

/**
 * Our end of a uv_tcp_t or a uv_udp_t, and the one it is connected to; none for
 * what is not bound or not connected, and for other handles
 * (uv_tcp_getsockname, uv_tcp_getpeername, …).
 */
AVOW_API avow_address_t avow_local_address(const uv_handle_t *handle);
AVOW_API avow_address_t avow_peer_address(const uv_handle_t *handle);

AVOW_HEADER_END

#endif
