/* SPDX-License-Identifier: MIT */
/* Reads and writes of the stream below. */
#ifndef AVOW_TLS_TRANSPORT_H
#define AVOW_TLS_TRANSPORT_H

#include "stream_state.h"

/* Sends the records, and reads more bytes if an operation waits for them. */
void avow__tls_send(avow__tls_t *t);
void avow__tls_fetch(avow__tls_t *t);

#endif
