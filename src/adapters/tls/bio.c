/* SPDX-License-Identifier: MIT */
/*
 * The BIO of OpenSSL. It reads the bytes that arrived from the transport,
 * without another copy, and collects the records to be sent. It never blocks:
 * OpenSSL is told to retry.
 */
#include "bio.h"

#include <openssl/err.h>
#include <string.h>

#include "stream_state.h"

/* Either more bytes may follow, or the input has ended. */
static int bio_has_none(BIO *bio, const avow__tls_t *t) {
  if (t->ended && !avow_is_error(&t->in_error))
    return 0;
  if (!t->ended)
    BIO_set_retry_read(bio);
  return -1;
}

static int bio_read(BIO *bio, char *out, int len) {
  avow__tls_t *t = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (avow_is_none(&t->chunk))
    return bio_has_none(bio, t);
  size_t n;
  const char *bytes = avow_to_bytes(&t->chunk, &n);
  const size_t left = n - t->at;
  const size_t taken = left < (size_t) len ? left : (size_t) len;
  memcpy(out, bytes + t->at, taken);
  t->at += taken;
  if (t->at == n)
    avow_value_clear(&t->chunk);
  return (int) taken;
}

static int bio_write(BIO *bio, const char *data, int len) {
  avow__tls_t *t = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (t->outs == AVOW__TLS_OUT) {
    BIO_set_retry_write(bio);
    return -1;
  }
  const avow_value_t v = avow_bytes(data, (size_t) len);
  if (avow_is_error(&v)) {
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    return -1;
  }
  t->out[t->outs++] = v;
  t->sealed++;
  return len;
}

static long bio_ctrl(BIO *bio, int cmd, long number, void *data) {
  const avow__tls_t *t = BIO_get_data(bio);
  if (cmd == BIO_CTRL_EOF)
    return t->ended && !avow_is_error(&t->in_error) && avow_is_none(&t->chunk);
  return cmd == BIO_CTRL_FLUSH;
}

BIO_METHOD *avow__tls_bio_method(void) {
  BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "avow");
  if (method == NULL)
    return NULL;
  if (BIO_meth_set_read(method, bio_read) == 1 &&
      BIO_meth_set_write(method, bio_write) == 1 &&
      BIO_meth_set_ctrl(method, bio_ctrl) == 1)
    return method;
  BIO_meth_free(method);
  return NULL;
}
