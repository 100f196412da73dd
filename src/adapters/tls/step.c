/* SPDX-License-Identifier: MIT */
/*
 * Operations that can continue. A step runs whenever bytes have arrived or were
 * sent, or an operation starts. It calls no function of the program, so steps
 * never nest.
 */
#include "step.h"

#include <openssl/err.h>

#include "handshake.h"
#include "ssl_error.h"
#include "stream.h"
#include "transport.h"
#include "writes.h"

static void settle_reader(avow__tls_t *t, avow_value_t v) {
  avow_deferred_t *d = t->reader;
  t->reader = NULL;
  (void) avow_resolve(d, v); /* only this settles it */
}

/* Returns the decrypted bytes. The caller has peeked at them, so they stay if
   there is no memory for BYTES. */
static avow_value_t opened(avow__tls_t *t) {
  const size_t ready = (size_t) SSL_pending(t->ssl);
  const size_t n = ready < t->max_bytes ? ready : t->max_bytes;
  char *out;
  const avow_value_t v = avow_bytes_new(n, &out);
  size_t len;
  if (!avow_is_error(&v))
    (void) SSL_read_ex(t->ssl, out, n, &len); /* the bytes are there */
  return v;
}

static void give(avow__tls_t *t) {
  if (t->reader == NULL)
    return;
  if (!avow_is_none(&t->broken)) {
    settle_reader(t, avow_value_ref(&t->broken));
    return;
  }
  char first;
  ERR_clear_error();
  const int result = SSL_peek(t->ssl, &first, 1);
  if (result > 0) {
    settle_reader(t, opened(t));
    return;
  }
  const avow__tls_result_t why = avow__tls_result(t, result);
  if (why != AVOW__TLS_AGAIN)
    settle_reader(t, why == AVOW__TLS_END ? avow_none()
                                          : avow_value_ref(&t->broken));
}

void avow__tls_step(avow__tls_t *t) {
  (void) avow__tls_ref(t);
  if (t->handshake != NULL)
    avow__tls_do_handshake(t);
  if (!avow_is_none(&t->transport) && t->handshake == NULL) {
    give(t);
    avow__tls_seal(t);
  }
  avow__tls_send(t);
  avow__tls_fetch(t);
  if (t->handshake != NULL && avow_is_error(&t->refused))
    avow__tls_do_handshake(t); /* there was nothing to send */
  avow__tls_unref(t);
}

avow_value_t avow__tls_end(avow__tls_t *t) {
  if (t->reader != NULL)
    settle_reader(t, avow_error(UV_ECANCELED));
  avow__tls_fail_writes(t, avow_error(UV_ECANCELED));
  return avow_steal(&t->transport);
}
