/* SPDX-License-Identifier: MIT */
/* Why a call of OpenSSL did not succeed. */
#ifndef AVOW_TLS_SSL_ERROR_H
#define AVOW_TLS_SSL_ERROR_H

#include "stream_state.h"

/* What the last call of OpenSSL's came to. AGAIN: when something has come or
   was sent. */
typedef enum {
  AVOW__TLS_AGAIN,
  AVOW__TLS_END, /* by the peer's word */
  AVOW__TLS_BROKEN
} avow__tls_result_t;

avow__tls_result_t avow__tls_result(avow__tls_t *t, int returned);

/* Of what is not a read, and has no end: whether it is to be called again. */
bool avow__tls_goes_on(avow__tls_t *t, int returned);

/* An error with what OpenSSL's queue says, which is empty then. */
avow_value_t avow__tls_queue_error(int code, const char *what);

#endif
