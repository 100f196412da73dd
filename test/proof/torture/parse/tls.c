/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer's target: a TLS stream, and a peer that speaks TLS. The input
 * changes the bytes that the peer sends. With any changes, each pending
 * operation must end, and data that is read before the end must be data that
 * the peer sent.
 *
 * Bits of the first byte: 1 makes the peer a client. 2 limits TLS to version
 * 1.2. 8 breaks the inner stream after a number of hundred bytes, which the
 * upper half of the byte gives. With 4, the rest of the input is all that the
 * peer sends. Otherwise the rest is a list of changes. Each has four bytes: the
 * distance from the last change (two bytes), the operation on the byte there,
 * and its operand.
 */
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "../replay.h"
#include "avow/all.h"
#include "avow/tls.h"

enum { TURNS = 400, MOST = 1 << 16 };

static const char said[] = "what the peer has to say";

static uv_loop_t loop;
static avow_value_t settings[2]; /* for our client and server */
static SSL_CTX *theirs[2];       /* for the peer's server and client */

typedef struct {
  SSL *ssl;
  BIO *in, *out;
  avow_value_t below;
  avow_promise_t *read;
  const uint8_t *changes;
  size_t left;     /* bytes of `changes` */
  unsigned before; /* bytes that are sent unchanged before the next change */
  bool has_said, over;
} peer_t;

static char *pem_of(BIO *bio) {
  char *data;
  const long len = BIO_get_mem_data(bio, &data);
  char *text = calloc(1, (size_t) len + 1);
  CHECK(text != NULL);
  memcpy(text, data, (size_t) len);
  BIO_free(bio);
  return text;
}

static X509 *make_certificate(EVP_PKEY *key) {
  X509 *x = X509_new();
  CHECK(x != NULL && X509_set_version(x, 2) == 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 7 * 24 * 3600L);
  X509_NAME *name = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             (const unsigned char *) "localhost", -1, -1, 0);
  X509_set_issuer_name(x, name);
  X509_set_pubkey(x, key);
  X509_EXTENSION *names =
      X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");
  X509_add_ext(x, names, -1);
  X509_EXTENSION_free(names);
  CHECK(X509_sign(x, key, EVP_sha256()) > 0);
  return x;
}

static void set_up(void) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *x = make_certificate(key);
  BIO *one = BIO_new(BIO_s_mem()), *other = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(one, x);
  PEM_write_bio_PrivateKey(other, key, NULL, NULL, 0, NULL, NULL);
  char *certificate = pem_of(one), *secret = pem_of(other);
  settings[0] =
      avow_tls_settings(&(avow_tls_options_t){ .authorities = certificate });
  settings[1] =
      avow_tls_settings(&(avow_tls_options_t){ .certificate = certificate,
                                               .key = secret,
                                               .authorities = certificate });
  CHECK(!avow_is_error(&settings[0]) && !avow_is_error(&settings[1]));
  theirs[0] = SSL_CTX_new(TLS_server_method());
  theirs[1] = SSL_CTX_new(TLS_client_method());
  CHECK(SSL_CTX_use_certificate(theirs[0], x) == 1 &&
        SSL_CTX_use_PrivateKey(theirs[0], key) == 1);
  free(certificate);
  free(secret);
  X509_free(x);
  EVP_PKEY_free(key);
  CHECK(uv_loop_init(&loop) == 0 &&
        avow_loop_init(&loop, &(avow_options_t){ .slow_us = UINT_MAX }) == 0);
}

/* Sets the distance to the next change, or UINT_MAX if there is none. */
static void look_ahead(peer_t *peer) {
  peer->before =
      peer->left < 4 ? UINT_MAX : peer->changes[0] + 256u * peer->changes[1];
}

/* Stores a byte as it is sent. Returns the number of bytes, possibly 0. */
static size_t change(peer_t *peer, char c, char *to) {
  if (peer->before > 0) {
    peer->before -= peer->before != UINT_MAX;
    *to = c;
    return 1;
  }
  const uint8_t what = peer->changes[2], how = peer->changes[3];
  peer->changes += 4;
  peer->left -= 4;
  look_ahead(peer);
  *to = (char) (what % 4 == 0 ? c ^ (how | 1) : c);
  peer->over = peer->over || what % 4 == 3;
  if (what % 4 != 1)
    return what % 4 == 0;
  memset(to, c, 1u + how);
  return 1u + how;
}

static avow_value_t ignore(const avow_value_t *error, void *data) {
  return avow_none();
}

static void send_bytes(const peer_t *peer, const char *bytes, size_t len) {
  avow_promise_t *p =
      avow_write(avow_to_stream(&peer->below), avow_bytes(bytes, len));
  avow_unref(avow_catch(p, ignore, NULL));
}

static void send_out(peer_t *peer) {
  char bytes[4096];
  int n;
  while ((n = BIO_read(peer->out, bytes, sizeof(bytes))) > 0) {
    char *to = malloc(256 * (size_t) n);
    size_t len = 0;
    CHECK(to != NULL);
    for (int i = 0; i < n && !peer->over; i++)
      len += change(peer, bytes[i], to + len);
    if (len > 0)
      send_bytes(peer, to, len);
    free(to);
  }
}

/* Receives the data of our stream, and starts the next read. Returns false at
   the end. */
static bool take_in(peer_t *peer) {
  if (peer->read == NULL)
    peer->read = avow_read(avow_to_stream(&peer->below), MOST);
  if (avow_state(peer->read) == AVOW_PENDING)
    return true;
  const avow_value_t v = avow_run(avow_promise_steal(&peer->read));
  size_t len = 0;
  const bool more = v.tag == AVOW_BYTES;
  const char *bytes = more ? avow_to_bytes(&v, &len) : "";
  CHECK(BIO_write(peer->in, bytes, (int) len) == (int) len || len == 0);
  avow_value_unref(v);
  return more;
}

static void speak(peer_t *peer) {
  char bytes[1000];
  ERR_clear_error();
  if (SSL_do_handshake(peer->ssl) == 1) {
    if (!peer->has_said)
      (void) SSL_write(peer->ssl, said, sizeof(said) - 1);
    else if (SSL_read(peer->ssl, bytes, sizeof(bytes)) > 0)
      (void) SSL_shutdown(peer->ssl);
    peer->has_said = true;
  }
  ERR_clear_error();
  send_out(peer);
}

static void peer_begin(peer_t *peer, int how, avow_value_t below) {
  SSL_CTX *ctx = theirs[how & 1];
  peer->below = below;
  peer->ssl = SSL_new(ctx);
  peer->in = BIO_new(BIO_s_mem());
  peer->out = BIO_new(BIO_s_mem());
  CHECK(peer->ssl != NULL && peer->in != NULL && peer->out != NULL);
  SSL_set_bio(peer->ssl, peer->in, peer->out);
  if ((how & 2) != 0)
    SSL_set_max_proto_version(peer->ssl, TLS1_2_VERSION);
  if ((how & 1) != 0)
    SSL_set_connect_state(peer->ssl);
  else
    SSL_set_accept_state(peer->ssl);
  look_ahead(peer);
}

static void peer_end(peer_t *peer) {
  if (peer->read != NULL)
    avow_unref(avow_catch(avow_promise_steal(&peer->read), ignore, NULL));
  avow_value_clear(&peer->below); /* closes the stream */
  SSL_free(peer->ssl);
}

static avow_value_t kept;
static bool was_read;

/* Checks all data that was read before the peer ended its side. */
static avow_value_t check_read(const avow_value_t *v, void *data) {
  size_t len;
  const char *bytes = avow_to_bytes(v, &len);
  was_read = len > 0;
  CHECK(len == 0 || (len == sizeof(said) - 1 && memcmp(bytes, said, len) == 0));
  return avow_none();
}

static avow_value_t met(const avow_value_t *stream, void *data) {
  const avow_stream_t to = avow_to_stream(stream);
  kept = avow_value_ref(stream);
  avow_promise_t *all[] = {
    avow_then(avow_read_all(to, 1000), check_read, NULL, NULL),
    avow_write(to, avow_string("hello")),
    avow_shutdown(to),
  };
  return avow_follow(avow_all_settled(&loop, all, 3));
}

static avow_promise_t *meet(int how, avow_value_t below) {
  avow_promise_t *p = (how & 1) != 0
                          ? avow_tls_server(&settings[1], below)
                          : avow_tls_client(&settings[0], below, "localhost");
  return avow_then(p, met, ignore, NULL);
}

/* Runs until our promise settles, or until neither side sends more. */
static void talk(peer_t *peer, const avow_promise_t *p) {
  for (int i = 0; i < TURNS && avow_state(p) == AVOW_PENDING; i++) {
    if (!take_in(peer) || peer->over)
      break;
    speak(peer);
    (void) uv_run(&loop, UV_RUN_NOWAIT);
  }
}

/* Returns both ends of the inner connection, the peer's first. */
static avow_value_t open_below(int how) {
  const avow_duplex_options_t broken = { .cut = UV_ECONNRESET,
                                         .cut_after = (size_t) how / 16 * 100 };
  return avow_duplex(&loop, MOST, (how & 8) != 0 ? &broken : NULL);
}

static void run_with(int how, peer_t *peer) {
  const avow_value_t pair = open_below(how);
  avow_promise_t *p = meet(how, avow_value_ref(avow_list_at(&pair, 1)));
  peer_begin(peer, how, avow_value_ref(avow_list_at(&pair, 0)));
  avow_value_unref(pair);
  if ((how & 4) != 0 && peer->left > 0)
    send_bytes(peer, (const char *) peer->changes, peer->left);
  if ((how & 4) == 0)
    talk(peer, p);
  (void) uv_run(&loop, UV_RUN_NOWAIT);
  peer_end(peer);
  for (int i = 0; i < TURNS && avow_state(p) == AVOW_PENDING; i++)
    (void) uv_run(&loop, UV_RUN_NOWAIT);
  CHECK(avow_state(p) == AVOW_FULFILLED);
  avow_unref(p);
  avow_value_clear(&kept);
  (void) uv_run(&loop, UV_RUN_NOWAIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (loop.data == NULL)
    set_up();
  loop.data = &loop; /* it is initialized */
  const int how = size > 0 ? *data : 0;
  const size_t left = size > 0 ? size - 1 : 0;
  const bool honest = left < 4 && (how & 12) == 0;
  peer_t peer = { .changes = data + (size > 0), .left = left };
  was_read = false;
  run_with(how, &peer);
  CHECK(was_read || !honest);
  return 0;
}
