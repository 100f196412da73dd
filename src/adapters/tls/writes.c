/* SPDX-License-Identifier: MIT */
/*
 * Writes. Bytes are sealed into records in the order of the writes, as far as
 * there is space for records. A write settles when its records are sent.
 * Records are never withdrawn: a canceled write continues, and its result is
 * ignored.
 */
#include "writes.h"

#include <openssl/err.h>

#include "ssl_error.h"

enum { RECORD = 16 * 1024 }; /* maximum length of a record in bytes */

/* A write, from its start until all its records are sent. */
struct avow__tls_write_s {
  avow__tls_write_t *next;
  avow_value_t bytes; /* BYTES, or a LIST of them */
  size_t item, at;    /* position of the next bytes to seal */
  size_t len, left;   /* in total, and not sealed yet */
  uint64_t end;       /* number of its last record, valid once `left` is 0 */
  avow_deferred_t *deferred;
};

static size_t length_of(const avow_value_t *bytes) {
  size_t len;
  (void) avow_to_bytes(bytes, &len);
  return len;
}

/* The stream gets only these types, and the total length fits into size_t. */
static size_t length_of_all(const avow_value_t *v) {
  if (v->tag == AVOW_BYTES)
    return length_of(v);
  size_t len = 0;
  for (size_t i = 0; i < avow_list_len(v); i++)
    len += length_of(avow_list_at(v, i));
  return len;
}

bool avow__tls_write_add(avow__tls_t *t, avow_value_t bytes,
                         avow_deferred_t *d) {
  avow__tls_write_t *w = OPENSSL_malloc(sizeof(*w));
  if (w == NULL)
    return false;
  const size_t len = length_of_all(&bytes);
  *w = (avow__tls_write_t){ .bytes = bytes,
                            .len = len,
                            .left = len,
                            .deferred = d };
  if (t->first == NULL)
    t->first = w;
  else
    t->last->next = w;
  t->last = w;
  if (t->next == NULL)
    t->next = w;
  t->unsealed += len;
  return true;
}

static void settle_first(avow__tls_t *t, avow_value_t v) {
  avow__tls_write_t *w = t->first;
  t->first = w->next;
  if (t->next == w)
    t->next = w->next;
  t->unsealed -= w->left;
  avow_value_unref(w->bytes);
  (void) avow_resolve(w->deferred, v); /* fails if it was canceled */
  OPENSSL_free(w);
}

static void settle_closer(avow__tls_t *t, avow_value_t v) {
  avow_deferred_t *d = t->closer;
  t->closer = NULL;
  (void) avow_resolve(d, v); /* fails if it was canceled */
}

void avow__tls_settle_sent(avow__tls_t *t) {
  while (t->first != NULL && t->first->left == 0 && t->first->end <= t->sent)
    settle_first(t, avow_int((int64_t) t->first->len));
  if (t->closer != NULL && t->sent_close_notify && t->close_notify <= t->sent)
    settle_closer(t, avow_none());
}

void avow__tls_fail_writes(avow__tls_t *t, avow_value_t error) {
  while (t->first != NULL)
    settle_first(t, avow_value_ref(&error));
  if (t->closer != NULL)
    settle_closer(t, avow_value_ref(&error));
  avow_value_unref(error);
}

/* Returns the next bytes of a write, at most a record. Some bytes must be
   left. */
static const char *next_piece(avow__tls_write_t *w, size_t *len) {
  for (;;) {
    const avow_value_t *v = w->bytes.tag == AVOW_LIST
                                ? avow_list_at(&w->bytes, w->item)
                                : &w->bytes;
    size_t n;
    const char *bytes = avow_to_bytes(v, &n);
    if (w->at < n) {
      const size_t left = n - w->at;
      *len = left < RECORD ? left : RECORD;
      return bytes + w->at;
    }
    w->item++;
    w->at = 0;
  }
}

/* Returns false if the write must wait or cannot continue. */
static bool seal_piece(avow__tls_t *t, avow__tls_write_t *w) {
  size_t len, done = 0;
  const char *piece = next_piece(w, &len);
  ERR_clear_error();
  const int result = SSL_write_ex(t->ssl, piece, len, &done);
  if (result != 1 && !avow__tls_goes_on(t, result))
    return false;
  w->at += done;
  w->left -= done;
  t->unsealed -= done;
  w->end = t->sealed;
  return result == 1;
}

static bool may_seal(const avow__tls_t *t) {
  return avow_is_none(&t->broken) && t->outs < AVOW__TLS_OUT / 2;
}

/* Returns the first write that is not sealed yet. */
static avow__tls_write_t *next_write(avow__tls_t *t) {
  while (t->next != NULL && t->next->left == 0)
    t->next = t->next->next;
  return t->next;
}

static bool encrypt_close_notify(avow__tls_t *t) {
  ERR_clear_error();
  const int result = SSL_shutdown(t->ssl);
  if (result < 0)
    (void) avow__tls_goes_on(t, result); /* a failure is recorded */
  return result >= 0;
}

void avow__tls_send_close_notify(avow__tls_t *t) {
  if (t->sent_close_notify || !avow_is_none(&t->broken) ||
      next_write(t) != NULL || !encrypt_close_notify(t))
    return;
  t->sent_close_notify = true;
  t->close_notify = t->sealed;
}

void avow__tls_seal(avow__tls_t *t) {
  avow__tls_write_t *w;
  while (may_seal(t) && (w = next_write(t)) != NULL)
    if (!seal_piece(t, w))
      break;
  if (t->shut)
    avow__tls_send_close_notify(t);
  if (avow_is_none(&t->broken))
    avow__tls_settle_sent(t); /* writes without bytes */
  else
    avow__tls_fail_writes(t, avow_value_ref(&t->broken));
}
