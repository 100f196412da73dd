/* SPDX-License-Identifier: MIT */
/* TLS sessions that clients keep and resume. */
#ifndef AVOW_TLS_SESSIONS_H
#define AVOW_TLS_SESSIONS_H

#include "stream_state.h"

typedef struct avow__tls_sessions_s avow__tls_sessions_t;

avow__tls_sessions_t *avow__tls_sessions_new(void); /* NULL: out of memory */
void avow__tls_sessions_free(avow__tls_sessions_t *all); /* accepts NULL */
/* Makes client streams of `ctx` keep their sessions. */
void avow__tls_sessions_collect(SSL_CTX *ctx);
/* Offers a kept session of the same host, if any. Called before a client's
   handshake. */
void avow__tls_sessions_offer(const avow__tls_t *t);

#endif
