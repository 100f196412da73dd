/* SPDX-License-Identifier: MIT */
/* The handshake of a stream. */
#ifndef AVOW_TLS_HANDSHAKE_H
#define AVOW_TLS_HANDSHAKE_H

#include "stream_state.h"

/* Continues the handshake as far as possible. */
void avow__tls_do_handshake(avow__tls_t *t);

#endif
