/* SPDX-License-Identifier: MIT */
/* Writes: their bytes are sealed into records and sent in order. */
#ifndef AVOW_TLS_WRITES_H
#define AVOW_TLS_WRITES_H

#include "stream_state.h"

/* Seals what was written, as far as there is room. */
void avow__tls_seal(avow__tls_t *t);
/* Settles the writes, and the shutdown, that are sent, or all if that failed */
void avow__tls_settle_sent(avow__tls_t *t);
/* Rejects them with the error, which is taken. */
void avow__tls_fail_writes(avow__tls_t *t, avow_value_t error);
/* A write of BYTES or a LIST. False: no memory, and both stay. */
bool avow__tls_write_add(avow__tls_t *t, avow_value_t bytes,
                         avow_deferred_t *d);
/* Tells the peer the end, once nothing is to be sealed before that. */
void avow__tls_say_bye(avow__tls_t *t);

#endif
