/* SPDX-License-Identifier: MIT */
/* Names and addresses. */
#ifndef AVOW_DNS_H
#define AVOW_DNS_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

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

AVOW_HEADER_END

#endif
