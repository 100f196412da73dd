/* SPDX-License-Identifier: MIT */
/* Reasons why a call of OpenSSL failed. */
#ifndef AVOW_TLS_SSL_ERROR_H
#define AVOW_TLS_SSL_ERROR_H

#include "stream_state.h"

/* Result of the last call of OpenSSL. AVOW__TLS_AGAIN: retry after bytes have
   arrived or were sent. */
typedef enum {
  AVOW__TLS_AGAIN,
  AVOW__TLS_END, /* the peer has sent close_notify */
  AVOW__TLS_BROKEN
} avow__tls_result_t;

avow__tls_result_t avow__tls_result(avow__tls_t *t, int returned);

/* avow__tls_result() for a call that is not a read. Returns whether the call
   must be retried. The end is an error. */
bool avow__tls_goes_on(avow__tls_t *t, int returned);

/* Returns an error with the text of OpenSSL's queue, and empties the queue. */
avow_value_t avow__tls_queue_error(int code, const char *what);

#endif
