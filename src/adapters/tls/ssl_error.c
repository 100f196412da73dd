/* SPDX-License-Identifier: MIT */
/*
 * Converts OpenSSL's codes to errors that programs can handle differently.
 */
#include "ssl_error.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

static bool is_memory(unsigned long err) {
  return ERR_GET_REASON(err) == ERR_R_MALLOC_FAILURE;
}

/* Reasons above this offset are alerts from the peer. */
static bool is_alert(unsigned long err) {
  return ERR_GET_LIB(err) == ERR_LIB_SSL &&
         ERR_GET_REASON(err) > SSL_AD_REASON_OFFSET;
}

/* Empties the queue. Returns whether any error was out of memory. OpenSSL
   reports that first and its consequences afterwards. */
static bool lacked_memory(void) {
  bool lacked = false;
  for (unsigned long err; (err = ERR_get_error()) != 0;)
    lacked = lacked || is_memory(err);
  return lacked;
}

static avow_value_t worded(int code, const char *what, unsigned long err) {
  const char *reason = ERR_reason_error_string(err);
  if (reason == NULL)
    return avow_error_new(code, avow_none(), "%s", what);
  return avow_error_new(code, avow_none(), "%s: %s", what, reason);
}

avow_value_t avow__tls_queue_error(int code, const char *what) {
  const unsigned long first = ERR_peek_error();
  return lacked_memory() ? avow_error(UV_ENOMEM) : worded(code, what, first);
}

static avow_value_t verify_error(const avow__tls_t *t, long result) {
  if (result == X509_V_ERR_OUT_OF_MEM)
    return avow_error(UV_ENOMEM);
  return avow_error_new(AVOW_TLS_EVERIFY, avow_none(),
                        "the certificate of %s: %s",
                        t->host != NULL ? t->host : "the peer",
                        X509_verify_cert_error_string(result));
}

static avow_value_t truncated(const avow__tls_t *t) {
  return avow_error_new(AVOW_TLS_ETRUNCATED, avow_none(),
                        t->handshake != NULL
                            ? "the peer ended the TLS handshake"
                            : "TLS connection ended without close_notify");
}

static bool is_about_certificate(unsigned long err) {
  return ERR_GET_LIB(err) == ERR_LIB_SSL &&
         ERR_GET_REASON(err) == SSL_R_CERTIFICATE_VERIFY_FAILED;
}

/* Returns the reason of the last call, which has failed. The first error in the
   queue is the cause, and the last is its meaning for TLS. */
static avow_value_t reason_of(const avow__tls_t *t) {
  const unsigned long first = ERR_peek_error(), last = ERR_peek_last_error();
  if (lacked_memory())
    return avow_error(UV_ENOMEM);
  if (is_about_certificate(last))
    return verify_error(t, SSL_get_verify_result(t->ssl));
  if (is_alert(last))
    return worded(AVOW_TLS_EALERT, "the peer sent an alert", last);
  if (avow_is_error(&t->in_error))
    return avow_value_ref(&t->in_error);
  if (t->ended && avow_is_none(&t->chunk))
    return truncated(t);
  return worded(AVOW_TLS_EPROTOCOL, "TLS", first);
}

avow__tls_result_t avow__tls_result(avow__tls_t *t, int returned) {
  switch (SSL_get_error(t->ssl, returned)) {
  case SSL_ERROR_WANT_READ:
  case SSL_ERROR_WANT_WRITE:
    return AVOW__TLS_AGAIN;
  case SSL_ERROR_ZERO_RETURN:
    return AVOW__TLS_END;
  default:
    avow_value_clear(&t->broken);
    t->broken = reason_of(t);
    return AVOW__TLS_BROKEN;
  }
}

bool avow__tls_goes_on(avow__tls_t *t, int returned) {
  const avow__tls_result_t result = avow__tls_result(t, returned);
  if (result == AVOW__TLS_END)
    t->broken = truncated(t);
  return result == AVOW__TLS_AGAIN;
}
