/* SPDX-License-Identifier: MIT */
/* The handshake of a stream. */
#ifndef AVOW_TLS_HANDSHAKE_H
#define AVOW_TLS_HANDSHAKE_H

#include "stream_state.h"

/* Does the handshake as far as it goes. */
void avow__tls_greet(avow__tls_t *t);

#endif
