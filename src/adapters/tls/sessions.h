/* SPDX-License-Identifier: MIT */
/* TLS sessions that clients remember, to resume them. */
#ifndef AVOW_TLS_SESSIONS_H
#define AVOW_TLS_SESSIONS_H

#include "stream_state.h"

typedef struct avow__tls_sessions_s avow__tls_sessions_t;

avow__tls_sessions_t *avow__tls_sessions_new(void);      /* NULL: no memory */
void avow__tls_sessions_free(avow__tls_sessions_t *all); /* or NULL */
/* Streams of that remember theirs, if they are a client's. */
void avow__tls_sessions_collect(SSL_CTX *ctx);
/* Before its handshake: of a client's, one with the same host, if any. */
void avow__tls_sessions_offer(const avow__tls_t *t);

#endif
