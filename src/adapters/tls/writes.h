/* SPDX-License-Identifier: MIT */
/* Writes: their bytes are sealed into records and sent in order. */
#ifndef AVOW_TLS_WRITES_H
#define AVOW_TLS_WRITES_H

#include "stream_state.h"

/* Seals written bytes, as far as there is space for records. */
void avow__tls_seal(avow__tls_t *t);
/* Settles the writes and the shutdown that were sent. */
void avow__tls_settle_sent(avow__tls_t *t);
/* Rejects all writes and the shutdown. Takes ownership of `error`. */
void avow__tls_fail_writes(avow__tls_t *t, avow_value_t error);
/* Adds a write of BYTES or a LIST. Returns false if out of memory; the caller
   then still owns both arguments. */
bool avow__tls_write_add(avow__tls_t *t, avow_value_t bytes,
                         avow_deferred_t *d);
/* Sends close_notify to the peer when no bytes are left to seal. */
void avow__tls_send_close_notify(avow__tls_t *t);

#endif
