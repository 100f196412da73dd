/* SPDX-License-Identifier: MIT */
/*
 * TLS streams: their references and their class, with the checks of each
 * operation.
 */
#include "stream.h"

#include "avow/pump.h"
#include "step.h"
#include "writes.h"

avow_promise_t *avow__tls_defer(const avow__tls_t *t, avow_deferred_t **out) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(t->loop, &d);
  const bool fine = avow_state(p) == AVOW_PENDING;
  if (!fine)
    avow_deferred_drop(d);
  *out = fine ? d : NULL;
  return p;
}

avow__tls_t *avow__tls_ref(avow__tls_t *t) {
  t->refs++;
  return t;
}

/* Pretends that close_notify was sent, so that the session may be resumed.
   After an error, OpenSSL has already invalidated the session. */
static void free_ssl(SSL *ssl) {
  if (ssl != NULL)
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl);
}

void avow__tls_unref(void *data) {
  avow__tls_t *t = data;
  if (--t->refs > 0)
    return;
  avow_promise_clear(&t->fetch);
  while (t->outs > 0)
    avow_value_unref(t->out[--t->outs]);
  avow_value_unref(t->chunk);
  avow_value_unref(t->in_error);
  avow_value_unref(t->out_error);
  avow_value_unref(t->broken);
  avow_value_unref(t->refused);
  free_ssl(t->ssl);
  OPENSSL_free(t->host);
  avow_value_unref(t->settings);
  avow_value_unref(t->transport);
  OPENSSL_free(t);
}

static bool is_closed(const avow__tls_t *t) {
  return avow_is_none(&t->transport);
}

static avow_promise_t *reject(const avow__tls_t *t, int err) {
  return avow_promise_reject(t->loop, avow_error(err));
}

static uv_loop_t *stream_loop(void *self) {
  return ((const avow__tls_t *) self)->loop;
}

static void reader_canceled(void *data) {
  avow__tls_t *t = data;
  avow_deferred_t *d = t->reader;
  t->reader = NULL;
  if (d != NULL)
    avow_deferred_drop(d);
  avow__tls_step(t);
}

static avow_promise_t *stream_read(void *self, size_t max_bytes) {
  avow__tls_t *t = self;
  if (is_closed(t) || t->reader != NULL)
    return reject(t, is_closed(t) ? UV_EINVAL : UV_EALREADY);
  t->max_bytes = max_bytes;
  avow_promise_t *p = avow__tls_defer(t, &t->reader);
  if (t->reader == NULL)
    return p;
  avow_on_cancel(t->reader, reader_canceled, t);
  avow__tls_step(t);
  return p;
}

/* Returns NONE, or why the stream cannot be written. */
static avow_value_t refusal(const avow__tls_t *t) {
  if (is_closed(t) || t->shut)
    return avow_error(is_closed(t) ? UV_EINVAL : UV_EPIPE);
  return avow_value_ref(avow_is_none(&t->broken) ? &t->out_error : &t->broken);
}

static avow_promise_t *write_begin(avow__tls_t *t, avow_value_t bytes) {
  avow_deferred_t *d;
  avow_promise_t *p = avow__tls_defer(t, &d);
  if (d != NULL && avow__tls_write_add(t, bytes, d)) {
    avow__tls_step(t);
    return p;
  }
  avow_value_unref(bytes);
  if (d != NULL)
    (void) avow_reject(d, avow_error(UV_ENOMEM)); /* only this settles it */
  return p;
}

static avow_promise_t *stream_write(void *self, avow_value_t bytes) {
  avow__tls_t *t = self;
  const avow_value_t why = refusal(t);
  if (avow_is_none(&why))
    return write_begin(t, bytes);
  avow_value_unref(bytes);
  return avow_promise_reject(t->loop, why);
}

static avow_promise_t *stream_shutdown(void *self) {
  avow__tls_t *t = self;
  const avow_value_t why =
      t->shut && !is_closed(t) ? avow_error(UV_ENOTCONN) : refusal(t);
  if (!avow_is_none(&why))
    return avow_promise_reject(t->loop, why);
  avow_promise_t *p = avow__tls_defer(t, &t->closer);
  t->shut = t->closer != NULL;
  avow__tls_step(t);
  return p;
}

static avow_value_t ignore(const avow_value_t *error, void *data) {
  return avow_none();
}

/* Records on their way to the transport come first. If bytes were not sealed,
   close_notify must not be sent, or the peer would take a part for the
   whole. */
static void send_close_notify_at_once(avow__tls_t *t) {
  avow__tls_send_close_notify(t);
  if (!t->sent_close_notify || t->outs == 0 || !avow_is_none(&t->out_error))
    return;
  const avow_value_t v = avow_list(t->out, t->outs);
  t->outs = 0;
  if (avow_is_error(&v))
    return;
  avow_promise_t *p = avow_write(avow_to_stream(&t->transport), v);
  avow_unref(avow_catch(p, ignore, NULL));
}

static avow_promise_t *stream_close(void *self) {
  avow__tls_t *t = self;
  if (is_closed(t))
    return reject(t, UV_EALREADY);
  send_close_notify_at_once(t);
  const avow_value_t transport = avow__tls_end(t);
  avow_promise_t *p = avow_close(avow_to_stream(&transport));
  avow_value_unref(transport);
  return p;
}

static avow_promise_t *stream_hangup(void *self) {
  const avow__tls_t *t = self;
  if (is_closed(t))
    return reject(t, UV_EINVAL);
  return avow_hangup(avow_to_stream(&t->transport));
}

static size_t queued_in(const avow_value_t *transport) {
  const avow_stream_t below = avow_to_stream(transport);
  const uv_stream_t *handle = avow_stream_handle(below);
  if (handle != NULL)
    return uv_stream_get_write_queue_size(handle);
  return below.klass->queued != NULL ? below.klass->queued(below.self) : 0;
}

static size_t stream_queued(void *self) {
  const avow__tls_t *t = self;
  return is_closed(t) ? 0 : t->unsealed + queued_in(&t->transport);
}

static void stream_destroy(void *self) {
  avow__tls_t *t = self;
  avow_stream_destroyed(t->loop, t);
  avow_value_unref(avow__tls_end(t)); /* closes the transport */
  avow__tls_unref(t);
}

static const avow_stream_class_t stream_functions = {
  .size = sizeof(stream_functions),
  .loop = stream_loop,
  .read = stream_read,
  .write = stream_write,
  .shutdown = stream_shutdown,
  .close = stream_close,
  .hangup = stream_hangup,
  .queued = stream_queued,
};

const avow_class_t avow__tls_class = { .name = "TLS stream",
                                       .destroy = stream_destroy,
                                       .stream = &stream_functions };

struct ssl_st *avow_tls_ssl(const avow_value_t *stream) {
  if (stream == NULL || !avow_is_object(stream, &avow__tls_class))
    return NULL;
  return ((avow__tls_t *) avow_to_object(stream, &avow__tls_class))->ssl;
}
