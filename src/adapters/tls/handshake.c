/* SPDX-License-Identifier: MIT */
/*
 * Handshakes. A failed handshake first sends the reason to the peer, as far as
 * this is possible, and then rejects. After a canceled or failed handshake
 * there is no stream, so the transport closes.
 */
#include "handshake.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "authorities.h"
#include "avow/work.h"
#include "ssl_error.h"
#include "step.h"
#include "stream.h"

/* Takes the deferred of the pending handshake. The handshake's reference to the
   stream passes to the value or the caller. */
static avow_deferred_t *take_handshake(avow__tls_t *t) {
  avow_deferred_t *d = t->handshake;
  t->handshake = NULL;
  return d;
}

static void handshake_end(avow__tls_t *t, avow_value_t error) {
  avow_deferred_t *d = take_handshake(t);
  avow_value_unref(avow__tls_end(t));
  (void) avow_reject(d, error); /* only this settles it */
  avow__tls_unref(t);
}

static void handshake_done(avow__tls_t *t) {
  /* if this fails, it closes t */
  const avow_value_t v = avow_object(&avow__tls_class, t);
  (void) avow_resolve(take_handshake(t), v); /* only this settles it */
}

/* Whether the last records were sent or cannot be sent. */
static bool has_said_all(const avow__tls_t *t) {
  return !t->sending && (t->outs == 0 || avow_is_error(&t->out_error));
}

/* Whether the peer's handshake waits for the last records, and so reads them. A
   client of TLS 1.3 need not soon read the records that the server sends
   last. */
static bool waits_for_us(const avow__tls_t *t) {
  return !SSL_is_server(t->ssl) || SSL_version(t->ssl) != TLS1_3_VERSION;
}

void avow__tls_do_handshake(avow__tls_t *t) {
  if (avow_is_error(&t->refused)) {
    if (has_said_all(t))
      handshake_end(t, avow_value_ref(&t->refused));
    return;
  }
  ERR_clear_error();
  const int result = SSL_do_handshake(t->ssl);
  if (result != 1 && !avow__tls_goes_on(t, result))
    t->refused = avow_steal(&t->broken);
  else if (result == 1 && (has_said_all(t) || !waits_for_us(t)))
    handshake_done(t);
}

static void handshake_on_cancel(void *data) {
  avow__tls_t *t = data;
  if (t->handshake != NULL)
    handshake_end(t, avow_error(UV_ECANCELED));
}

static bool is_address(const char *host) {
  struct in6_addr address;
  return uv_inet_pton(AF_INET, host, &address) == 0 ||
         uv_inet_pton(AF_INET6, host, &address) == 0;
}

/* Whether a certificate for the host is possible. Longer names cannot be
   requested, and the zone of an address is local to this machine. OpenSSL would
   accept a name with a leading dot for all names below it. */
static bool is_host(const char *host) {
  return host != NULL && *host != '\0' && *host != '.' &&
         strlen(host) <= TLSEXT_MAXLEN_host_name && strchr(host, '%') == NULL;
}

/* Sets the host that the certificate must name. If it is a name and not an
   address, it is also sent to the server. */
static bool expect(avow__tls_t *t, const char *host) {
  SSL *ssl = t->ssl;
  t->host = OPENSSL_strdup(host);
  if (t->host == NULL)
    return false;
  X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
  if (is_address(host))
    return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
  /* NOLINTNEXTLINE(performance-no-int-to-ptr): OpenSSL copies it */
  void *name = (void *) (uintptr_t) host;
  return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 &&
         SSL_set_tlsext_host_name(ssl, name) == 1;
}

/* Returns NULL if the value is no stream or is closed. Streams of libuv do not
   have a class of avow. */
static uv_loop_t *loop_of(const avow_value_t *transport) {
  const avow_stream_t below = avow_to_stream(transport);
  const uv_stream_t *handle =
      below.klass != NULL ? avow_stream_handle(below) : NULL;
  if (handle != NULL)
    return handle->loop;
  const bool knows = below.klass != NULL && below.klass->loop != NULL;
  return knows ? below.klass->loop(below.self) : NULL;
}

static void take_side(SSL *ssl, bool client) {
  if (client)
    SSL_set_connect_state(ssl);
  else
    SSL_set_accept_state(ssl);
}

static bool set_up_ssl(avow__tls_t *t, const avow__tls_settings_t *settings) {
  t->ssl = SSL_new(settings->ctx);
  BIO *bio = t->ssl != NULL ? BIO_new(settings->method) : NULL;
  if (bio == NULL)
    return false;
  BIO_set_data(bio, t);
  BIO_set_init(bio, 1);
  SSL_set_bio(t->ssl, bio, bio);
  return true;
}

/* Returns NULL if out of memory; the caller then still owns the transport. */
static avow__tls_t *handshake_new(const avow_value_t *settings,
                                  const avow_value_t *transport,
                                  const char *host) {
  avow__tls_t *t = OPENSSL_zalloc(sizeof(*t));
  if (t == NULL)
    return NULL;
  t->refs = 1;
  t->loop = loop_of(transport);
  t->settings = avow_value_ref(settings);
  if (set_up_ssl(t, avow__tls_settings_of(settings)) &&
      (host == NULL || expect(t, host))) {
    take_side(t->ssl, host != NULL);
    if (host != NULL)
      avow__tls_sessions_offer(t);
    return t;
  }
  avow__tls_unref(t);
  return NULL;
}

static avow_promise_t *refuse(avow_value_t transport, int err) {
  uv_loop_t *loop = loop_of(&transport);
  avow_value_unref(transport);
  return avow_promise_reject(loop, avow_error(err));
}

static avow_promise_t *do_handshake(const avow_value_t *settings,
                                    avow_value_t transport, const char *host) {
  ERR_clear_error();
  avow__tls_t *t = handshake_new(settings, &transport, host);
  if (t == NULL) {
    ERR_clear_error();
    return refuse(transport, UV_ENOMEM);
  }
  t->transport = transport;
  avow_promise_t *p = avow__tls_defer(t, &t->handshake);
  if (t->handshake == NULL) {
    avow__tls_unref(t);
    return p;
  }
  avow_on_cancel(t->handshake, handshake_on_cancel, t);
  avow__tls_step(t);
  return p;
}

/* Handshake that waits until the authorities are loaded. */
typedef struct {
  avow_value_t settings, transport;
  char *host;
} later_t;

static void later_free(void *data) {
  later_t *later = data;
  avow_value_unref(later->settings);
  avow_value_unref(later->transport);
  OPENSSL_free(later->host);
  OPENSSL_free(later);
}

/* Returns NULL if out of memory. The caller still owns both values then. */
static later_t *later_new(const avow_value_t *settings, avow_value_t transport,
                          const char *host) {
  later_t *later = OPENSSL_zalloc(sizeof(*later));
  char *copy = host != NULL ? OPENSSL_strdup(host) : NULL;
  if (later == NULL || (host != NULL && copy == NULL)) {
    OPENSSL_free(copy);
    OPENSSL_free(later);
    return NULL;
  }
  *later = (later_t){ avow_value_ref(settings), transport, copy };
  return later;
}

static avow_value_t load(void *data) {
  const later_t *later = data;
  return avow__tls_authorities_load(avow__tls_settings_of(&later->settings))
             ? avow_none()
             : avow_error(UV_ENOMEM);
}

static avow_value_t handshake_cb(const avow_value_t *none, void *data) {
  later_t *later = data;
  return avow_follow(do_handshake(&later->settings,
                                  avow_steal(&later->transport), later->host));
}

static avow_promise_t *handshake_later(const avow_value_t *settings,
                                       avow_value_t transport,
                                       const char *host) {
  uv_loop_t *loop = loop_of(&transport);
  later_t *later = later_new(settings, transport, host);
  if (later == NULL) {
    ERR_clear_error();
    return refuse(transport, UV_ENOMEM);
  }
  avow_promise_t *p = avow_work(loop, load, later, NULL);
  return avow_attach(avow_then(p, handshake_cb, NULL, later), later,
                     later_free);
}

static avow_promise_t *handshake_when_ready(const avow_value_t *settings,
                                            avow_value_t transport,
                                            const char *host) {
  const avow__tls_settings_t *s = avow__tls_settings_of(settings);
  return avow__tls_authorities_lack(s, host != NULL)
             ? handshake_later(settings, transport, host)
             : do_handshake(settings, transport, host);
}

/* A value that is no stream has no loop to reject on, so avow reports the
   misuse. */
static avow_promise_t *refuse_no_stream(avow_value_t transport) {
  avow_promise_t *p = avow_close(avow_to_stream(&transport));
  avow_value_unref(transport);
  return p;
}

avow_promise_t *avow_tls_client(const avow_value_t *settings,
                                avow_value_t transport, const char *host) {
  if (loop_of(&transport) == NULL)
    return refuse_no_stream(transport);
  if (avow__tls_settings_of(settings) == NULL || !is_host(host))
    return refuse(transport, UV_EINVAL);
  return handshake_when_ready(settings, transport, host);
}

avow_promise_t *avow_tls_server(const avow_value_t *settings,
                                avow_value_t transport) {
  if (loop_of(&transport) == NULL)
    return refuse_no_stream(transport);
  if (avow__tls_settings_of(settings) == NULL)
    return refuse(transport, UV_EINVAL);
  return handshake_when_ready(settings, transport, NULL);
}
