/* SPDX-License-Identifier: MIT */
/*
 * The stream below, with at most one read and one write. It is read only while
 * an operation waits for bytes. An unwanted read is canceled, because it would
 * keep the loop alive. Bytes that arrive nevertheless are kept for the next
 * read. The number of records that wait to be sent is bounded: OpenSSL is not
 * asked for more.
 *
 * Handlers record the outcome of a read or write. If there was no memory for a
 * handler, only the callback of avow_attach() shows this, because it always
 * runs.
 */
#include "transport.h"

#include "step.h"
#include "stream.h"
#include "writes.h"

enum { READ = 64 * 1024 }; /* bytes that a read asks for */

/* The handlers have recorded the outcome, or there was no memory for them. */
static avow_value_t known(const avow_value_t *error, void *data) {
  return avow_none();
}

static avow_value_t arrived(const avow_value_t *chunk, void *data) {
  avow__tls_t *t = data;
  t->fetched = true;
  t->ended = avow_is_none(chunk);
  t->chunk = avow_value_ref(chunk);
  t->at = 0;
  return avow_none();
}

static void fail_fetch(avow__tls_t *t, avow_value_t error) {
  t->fetched = true;
  t->ended = true;
  t->in_error = error;
}

static avow_value_t not_arrived(const avow_value_t *error, void *data) {
  avow__tls_t *t = data;
  if (!t->gives_up || avow_error_code(error) != UV_ECANCELED)
    fail_fetch(t, avow_value_ref(error));
  return avow_none();
}

static void fetch_over(void *data) {
  avow__tls_t *t = data;
  if (!t->fetched && !t->gives_up)
    fail_fetch(t, avow_error(UV_ENOMEM));
  t->fetching = t->gives_up = false;
  avow_promise_clear(&t->fetch);
  avow__tls_step(t);
  avow__tls_unref(t);
}

static void fetch_begin(avow__tls_t *t) {
  t->fetching = true;
  t->fetched = false;
  avow_promise_t *p = avow_read(avow_to_stream(&t->transport), READ);
  p = avow_then(p, arrived, not_arrived, t);
  p = avow_attach(p, avow__tls_ref(t), fetch_over);
  avow_promise_clear(&t->fetch); /* a read that has ended */
  t->fetch = avow_catch(p, known, NULL);
}

static bool is_wanted(const avow__tls_t *t) {
  const bool shakes = t->handshake != NULL && avow_is_none(&t->refused) &&
                      !SSL_is_init_finished(t->ssl);
  const bool reads = t->reader != NULL && avow_is_none(&t->broken);
  return (shakes || reads) && avow_is_none(&t->chunk) && !t->ended &&
         !avow_is_none(&t->transport);
}

void avow__tls_fetch(avow__tls_t *t) {
  const bool wanted = is_wanted(t);
  if (wanted && !t->fetching)
    fetch_begin(t);
  if (wanted || !t->fetching || t->fetched || t->gives_up)
    return;
  t->gives_up = true;
  avow_cancel(t->fetch);
}

static void fail_send(avow__tls_t *t, avow_value_t error) {
  t->out_error = error;
  if (t->handshake != NULL && avow_is_none(&t->refused))
    t->refused = avow_value_ref(&error); /* the peer waits for records */
  avow__tls_fail_writes(t, avow_value_ref(&error));
}

static avow_value_t went(const avow_value_t *len, void *data) {
  avow__tls_t *t = data;
  t->sent += t->in_flight;
  t->in_flight = 0;
  return avow_none();
}

static avow_value_t did_not_go(const avow_value_t *error, void *data) {
  avow__tls_t *t = data;
  t->in_flight = 0;
  fail_send(t, avow_value_ref(error));
  return avow_none();
}

static void send_over(void *data) {
  avow__tls_t *t = data;
  if (t->in_flight > 0)
    fail_send(t, avow_error(UV_ENOMEM));
  t->sending = false;
  avow__tls_settle_sent(t);
  avow__tls_step(t);
  avow__tls_unref(t);
}

/* Returns BYTES or a LIST of all records. */
static avow_value_t take_out(avow__tls_t *t) {
  const size_t n = t->outs;
  t->outs = 0;
  t->in_flight = n;
  return n == 1 ? t->out[0] : avow_list(t->out, n);
}

static void drop_out(avow__tls_t *t) {
  while (t->outs > 0)
    avow_value_unref(t->out[--t->outs]);
}

void avow__tls_send(avow__tls_t *t) {
  if (avow_is_error(&t->out_error) || avow_is_none(&t->transport))
    drop_out(t);
  if (t->outs == 0 || t->sending)
    return;
  const avow_value_t v = take_out(t);
  if (avow_is_error(&v)) {
    fail_send(t, v);
    return;
  }
  t->sending = true;
  avow_promise_t *p = avow_write(avow_to_stream(&t->transport), v);
  p = avow_then(p, went, did_not_go, t);
  p = avow_attach(p, avow__tls_ref(t), send_over);
  avow_unref(avow_catch(p, known, NULL));
}
