/* SPDX-License-Identifier: MIT */
/*
 * Settings: an SSL_CTX, which never changes once streams use it. One exception:
 * it gets the system's authorities for the first stream that needs them. Other
 * authorities are read from memory, because reading files takes time. The
 * program reads the files with avow_read_file().
 */
#include "settings.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "authorities.h"
#include "bio.h"
#include "ssl_error.h"

static void settings_free(void *self) {
  avow__tls_settings_t *settings = self;
  SSL_CTX_free(settings->ctx);
  BIO_meth_free(settings->method);
  avow__tls_sessions_free(settings->sessions);
  OPENSSL_free(settings->protocols);
  OPENSSL_free(settings);
}

/* Any thread may free settings, because OpenSSL counts references with atomic
   operations. */
static const avow_class_t settings_class = { .name = "TLS settings",
                                             .destroy = settings_free,
                                             .sendable = true };

avow__tls_settings_t *avow__tls_settings_of(const avow_value_t *settings) {
  if (settings == NULL || !avow_is_object(settings, &settings_class))
    return NULL;
  return avow_to_object(settings, &settings_class);
}

struct ssl_ctx_st *avow_tls_ssl_ctx(const avow_value_t *settings) {
  const avow__tls_settings_t *s = avow__tls_settings_of(settings);
  return s != NULL ? s->ctx : NULL;
}

/* The password of a key is never requested. */
static int no_password(char *out, int size, int writes, void *data) {
  return -1;
}

static BIO *reader_of(const char *pem) {
  return BIO_new_mem_buf(pem, -1);
}

/* Whether the input had no more certificates, which is not a failure. */
static bool is_at_end(void) {
  const unsigned long err = ERR_peek_last_error();
  const bool end = ERR_GET_LIB(err) == ERR_LIB_PEM &&
                   ERR_GET_REASON(err) == PEM_R_NO_START_LINE;
  if (end)
    ERR_clear_error();
  return end;
}

/* Takes one certificate. `count` is the number of certificates before it. */
typedef bool (*take_fn)(SSL_CTX *ctx, X509 *x, int count);

static bool take_own(SSL_CTX *ctx, X509 *x, int count) {
  return count == 0 ? SSL_CTX_use_certificate(ctx, x) == 1
                    : SSL_CTX_add1_chain_cert(ctx, x) == 1;
}

static bool take_authority(SSL_CTX *ctx, X509 *x, int count) {
  return X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), x) == 1;
}

/* Returns false, with the reason in OpenSSL's queue, if there is no certificate
   or an invalid one. */
static bool read_certificates(SSL_CTX *ctx, const char *pem, take_fn take) {
  BIO *from = reader_of(pem);
  bool fine = from != NULL;
  int count = 0;
  while (fine) {
    X509 *x = PEM_read_bio_X509(from, NULL, no_password, NULL);
    if (x == NULL)
      break;
    fine = take(ctx, x, count++);
    X509_free(x);
  }
  BIO_free(from);
  return fine && count > 0 && is_at_end();
}

static bool read_key(SSL_CTX *ctx, const char *pem) {
  BIO *from = reader_of(pem);
  EVP_PKEY *key = from == NULL
                      ? NULL
                      : PEM_read_bio_PrivateKey(from, NULL, no_password, NULL);
  const bool fine = key != NULL && SSL_CTX_use_PrivateKey(ctx, key) == 1;
  EVP_PKEY_free(key);
  BIO_free(from);
  return fine;
}

static bool read_authorities(avow__tls_settings_t *s, const char *pem) {
  if (pem == NULL)
    return avow__tls_authorities_prepare(s);
  return read_certificates(s->ctx, pem, take_authority);
}

/* ALPN: the protocol inside TLS. A client offers its protocols. A server takes
   the first of its own that the client offers, or refuses. */

/* Writes the length and then the name. Returns NULL if the name is invalid. */
static const char *add_protocol(unsigned char *out, const char *name) {
  const size_t len = strcspn(name, ",");
  if (len == 0 || len > UINT8_MAX)
    return NULL;
  out[0] = (unsigned char) len;
  memcpy(out + 1, name, len);
  return name + len;
}

/* Needs as much space as the names with a comma before each. */
static bool set_wire(unsigned char *wire, const char *names) {
  const char *name = names, *end;
  while ((end = add_protocol(wire + (name - names), name)) != NULL) {
    if (*end == '\0')
      return true;
    name = end + 1;
  }
  return false;
}

static int choose_protocol(SSL *ssl, const unsigned char **out,
                           unsigned char *len, const unsigned char *theirs,
                           unsigned int n, void *data) {
  const avow__tls_settings_t *s = data;
  unsigned char *chosen;
  const int result = SSL_select_next_proto(&chosen, len, s->protocols,
                                           s->protocols_len, theirs, n);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK
                                          : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Returns false if a name is invalid, or if out of memory. */
static bool set_protocols(avow__tls_settings_t *s, const char *names) {
  const size_t len = strlen(names) + 1;
  s->protocols = len > UINT16_MAX ? NULL : OPENSSL_malloc(len);
  if (s->protocols == NULL || !set_wire(s->protocols, names))
    return false;
  s->protocols_len = (unsigned) len;
  SSL_CTX_set_alpn_select_cb(s->ctx, choose_protocol, s);
  return SSL_CTX_set_alpn_protos(s->ctx, s->protocols, s->protocols_len) == 0;
}

/* Tickets: a server stores nothing and has its clients keep their sessions.
   Only the server can read the tickets. Settings that replace others therefore
   get the keys of the others; otherwise all clients would start new sessions at
   once. */

enum { KEYS = 80 }; /* bytes, as in OpenSSL, which refuses fewer */

/* A client certificate that one server has verified with its authorities has
   not been verified with those of another. The authorities are therefore part
   of the session context. */
static bool set_context(SSL_CTX *ctx, const avow_tls_options_t *o) {
  unsigned char context[EVP_MAX_MD_SIZE] = { 0 };
  unsigned len = 0;
  const char *by = o->authorities != NULL ? o->authorities : "";
  if (o->ask_clients &&
      EVP_Digest(by, strlen(by), context, &len, EVP_sha256(), NULL) != 1)
    return false;
  return SSL_CTX_set_session_id_context(ctx, context, len) == 1;
}

static bool copy_keys(SSL_CTX *to, SSL_CTX *from) {
  unsigned char keys[KEYS];
  const bool fine =
      SSL_CTX_get_tlsext_ticket_keys(from, keys, sizeof(keys)) == 1 &&
      SSL_CTX_set_tlsext_ticket_keys(to, keys, sizeof(keys)) == 1;
  OPENSSL_cleanse(keys, sizeof(keys));
  return fine;
}

/* Returns NULL, or the problem. */
static const char *set_tickets(avow__tls_settings_t *settings,
                               const avow_tls_options_t *o) {
  if (!set_context(settings->ctx, o))
    return "certificate authorities";
  if (o->past == NULL)
    return NULL;
  const avow__tls_settings_t *others = avow__tls_settings_of(o->past);
  if (others == NULL || !copy_keys(settings->ctx, others->ctx))
    return "past settings";
  return NULL;
}

/* Returns NULL, or the problem. */
static const char *read_options(avow__tls_settings_t *s,
                                const avow_tls_options_t *o) {
  SSL_CTX *ctx = s->ctx;
  if (o->certificate != NULL &&
      !read_certificates(ctx, o->certificate, take_own))
    return "certificate";
  if (o->key != NULL && !read_key(ctx, o->key))
    return "private key";
  if ((o->key != NULL) != (o->certificate != NULL))
    return o->key != NULL ? "private key without a certificate"
                          : "certificate without a private key";
  if (o->protocols != NULL && !set_protocols(s, o->protocols))
    return "protocols";
  if (!read_authorities(s, o->authorities))
    return "certificate authorities";
  if (o->ask_clients)
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       NULL);
  return set_tickets(s, o);
}

static bool set_up_ctx(SSL_CTX *ctx) {
  (void) SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
  (void) SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                   SSL_MODE_RELEASE_BUFFERS);
  avow__tls_sessions_collect(ctx);
  if (SSL_CTX_get_security_level(ctx) < 2)
    SSL_CTX_set_security_level(ctx, 2);
  return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1;
}

static avow__tls_settings_t *settings_alloc(void) {
  avow__tls_settings_t *s = OPENSSL_zalloc(sizeof(*s));
  if (s == NULL)
    return NULL;
  s->method = avow__tls_bio_method();
  s->sessions = avow__tls_sessions_new();
  s->ctx = SSL_CTX_new(TLS_method());
  if (s->method != NULL && s->sessions != NULL && s->ctx != NULL &&
      set_up_ctx(s->ctx))
    return s;
  settings_free(s);
  return NULL;
}

static bool is_reserved(const uint64_t words[4]) {
  return (words[0] | words[1] | words[2] | words[3]) != 0;
}

avow_value_t avow_tls_settings(const avow_tls_options_t *options) {
  const avow_tls_options_t none = { 0 };
  const avow_tls_options_t *o = options != NULL ? options : &none;
  if (is_reserved(o->reserved))
    return avow_error(UV_EINVAL);
  ERR_clear_error();
  avow__tls_settings_t *s = settings_alloc();
  if (s == NULL)
    return avow_error(UV_ENOMEM);
  const char *wrong = read_options(s, o);
  if (wrong == NULL)
    return avow_object(&settings_class, s);
  settings_free(s);
  return avow__tls_queue_error(UV_EINVAL, wrong);
}
