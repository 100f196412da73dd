/* SPDX-License-Identifier: MIT */
/*
 * The cost of TLS compared with plain OpenSSL. A client and a server
 * communicate over loopback: handshakes one after another, each with its own
 * connection, and bytes on one connection. The floor is two threads with
 * OpenSSL and blocking sockets. avow has both ends on one loop. Times are
 * processor times of the whole process, because elapsed time would depend on
 * the number of processors.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "avow/tls.h"
#include "bench.h"

enum { BLOCK = 65536, RECORD = 16384 };

static void check(bool ok) {
  bench_require(ok, "two that speak TLS");
}

static char block[BLOCK];
static EVP_PKEY *key;
static X509 *certificate;
static char key_text[1000], certificate_text[2000];

static void keep(BIO *bio, char *out, size_t room) {
  const int n = BIO_read(bio, out, (int) room - 1);
  check(n > 0);
  BIO_free(bio);
}

static void make_certificate(void) {
  key = EVP_EC_gen("P-256");
  certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_EXTENSION *name =
      X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");
  X509_add_ext(certificate, name, -1);
  X509_EXTENSION_free(name);
  check(X509_sign(certificate, key, EVP_sha256()) > 0);
  BIO *bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
  keep(bio, key_text, sizeof(key_text));
  bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  keep(bio, certificate_text, sizeof(certificate_text));
}

static uint64_t used(void) {
  uv_rusage_t usage;
  check(uv_getrusage(&usage) == 0);
  const uint64_t us =
      (uint64_t) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  return 1000 * us + 1000000000 * (uint64_t) (usage.ru_utime.tv_sec +
                                              usage.ru_stime.tv_sec);
}

/* Plain OpenSSL. */

static struct {
  int listener;
  struct sockaddr_in address;
  SSL_CTX *server, *client;
  SSL_SESSION *session; /* to resume; NULL: none */
  size_t times, blocks; /* connections; blocks sent on each */
} raw;

static void raw_listen(void) {
  socklen_t len = sizeof(raw.address);
  raw.address.sin_family = AF_INET;
  raw.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  raw.listener = socket(AF_INET, SOCK_STREAM, 0);
  check(bind(raw.listener, (struct sockaddr *) &raw.address, len) == 0);
  check(listen(raw.listener, 100) == 0);
  check(getsockname(raw.listener, (struct sockaddr *) &raw.address, &len) == 0);
}

static void raw_set_up(void) {
  raw.server = SSL_CTX_new(TLS_server_method());
  raw.client = SSL_CTX_new(TLS_client_method());
  check(SSL_CTX_use_certificate(raw.server, certificate) == 1);
  check(SSL_CTX_use_PrivateKey(raw.server, key) == 1);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(raw.client), certificate);
  SSL_CTX_set_verify(raw.client, SSL_VERIFY_PEER, NULL);
  raw_listen();
}

/* Sets TCP_NODELAY. Otherwise small writes would wait until earlier ones are
   acknowledged. */
static SSL *raw_take(SSL_CTX *ctx, int fd) {
  const int one = 1;
  SSL *ssl = SSL_new(ctx);
  check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
  check(SSL_set_fd(ssl, fd) == 1);
  return ssl;
}

static void raw_end(SSL *ssl) {
  const int fd = SSL_get_fd(ssl);
  (void) SSL_shutdown(ssl);
  SSL_free(ssl);
  (void) close(fd);
}

static void raw_answer(void) {
  SSL *ssl = raw_take(raw.server, accept(raw.listener, NULL, NULL));
  check(SSL_accept(ssl) == 1);
  for (size_t i = 0; i < raw.blocks; i++)
    check(SSL_write(ssl, block, BLOCK) == BLOCK);
  check(SSL_write(ssl, "x", 1) == 1);
  char byte;
  check(SSL_read(ssl, &byte, 1) == 0);
  raw_end(ssl);
}

static void raw_serve(void *unused) {
  for (size_t i = 0; i < raw.times; i++)
    raw_answer();
}

static SSL *raw_connect(void) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  check(connect(fd, (struct sockaddr *) &raw.address, sizeof(raw.address)) ==
        0);
  SSL *ssl = raw_take(raw.client, fd);
  SSL_set1_host(ssl, "localhost");
  SSL_set_tlsext_host_name(ssl, "localhost");
  if (raw.session != NULL)
    SSL_set_session(ssl, raw.session);
  check(SSL_connect(ssl) == 1);
  return ssl;
}

static void raw_ask(bool resume) {
  static char got[RECORD];
  SSL *ssl = raw_connect();
  check(SSL_session_reused(ssl) == (raw.session != NULL));
  size_t left = raw.blocks * BLOCK + 1;
  while (left > 0) {
    const int n = SSL_read(ssl, got, sizeof(got));
    check(n > 0);
    left -= (size_t) n;
  }
  SSL_SESSION_free(raw.session);
  raw.session = resume ? SSL_get1_session(ssl) : NULL;
  raw_end(ssl);
}

static uint64_t raw_run(size_t times, size_t blocks, bool resume) {
  uv_thread_t thread;
  raw.times = times + resume; /* the first one is not measured */
  raw.blocks = blocks;
  check(uv_thread_create(&thread, raw_serve, NULL) == 0);
  if (resume)
    raw_ask(true);
  const uint64_t begin = used();
  for (size_t i = 0; i < times; i++)
    raw_ask(resume);
  (void) uv_thread_join(&thread); /* it was created */
  const uint64_t ns = used() - begin;
  SSL_SESSION_free(raw.session);
  raw.session = NULL;
  return ns;
}

/* With avow. */

static struct {
  avow_value_t listener, server, client; /* server, client: settings */
  avow_channel_t *connections;
  char port[8];
  size_t blocks;
  bool resume;
} ours;

static void set_up(void) {
  const avow_tls_options_t of_server = { .certificate = certificate_text,
                                         .key = key_text,
                                         .authorities = certificate_text };
  const avow_tls_options_t of_client = { .authorities = certificate_text };
  ours.server = avow_tls_settings(&of_server);
  ours.client = avow_tls_settings(&of_client);
  ours.listener = avow_run(avow_bind(bench_loop, "127.0.0.1", "0"));
  uv_stream_t *at = avow_stream_handle(avow_to_stream(&ours.listener));
  const avow_address_t address = avow_local_address((uv_handle_t *) at);
  ours.connections = avow_connections(at, NULL);
  (void) snprintf(ours.port, sizeof(ours.port), "%d", address.port);
}

static void tear_down(void) {
  avow_channel_unref(ours.connections);
  avow_value_unref(ours.listener);
  avow_value_unref(ours.server);
  avow_value_unref(ours.client);
}

static avow_value_t hurried(avow_value_t connection) {
  const avow_stream_t stream = avow_to_stream(&connection);
  check(uv_tcp_nodelay((uv_tcp_t *) avow_stream_handle(stream), 1) == 0);
  return connection;
}

/* Awaits a promise that must not reject. */
static void done(avow_promise_t *p) {
  const avow_value_t v = avow_await(p);
  check(!avow_is_error(&v));
  avow_value_unref(v);
}

static avow_value_t answer(void *unused) {
  const avow_value_t connection =
      hurried(avow_await(avow_channel_next(ours.connections)));
  const avow_value_t peer =
      avow_await(avow_tls_server(&ours.server, connection));
  const avow_stream_t stream = avow_to_stream(&peer);
  const avow_value_t bytes = avow_bytes(block, BLOCK);
  for (size_t i = 0; i < ours.blocks; i++)
    done(avow_write(stream, avow_value_ref(&bytes)));
  done(avow_write(stream, avow_string("x")));
  done(avow_read(stream, 1));
  done(avow_close(stream));
  avow_value_unref(bytes);
  avow_value_unref(peer);
  return avow_none();
}

static avow_value_t ask(void *unused) {
  const avow_value_t connection =
      hurried(avow_await(avow_connect(bench_loop, "127.0.0.1", ours.port)));
  const avow_value_t peer =
      avow_await(avow_tls_client(&ours.client, connection, "localhost"));
  const avow_stream_t stream = avow_to_stream(&peer);
  check(SSL_session_reused(avow_tls_ssl(&peer)) == ours.resume);
  size_t left = ours.blocks * BLOCK + 1;
  while (left > 0) {
    const avow_value_t v = avow_await(avow_read(stream, BLOCK));
    size_t n = 0;
    (void) avow_to_bytes(&v, &n);
    check(n > 0);
    left -= n;
    avow_value_unref(v);
  }
  done(avow_close(stream));
  avow_value_unref(peer);
  return avow_none();
}

static void ask_once(void) {
  avow_promise_t *both[] = { avow_async(bench_loop, answer, NULL),
                             avow_async(bench_loop, ask, NULL) };
  const avow_value_t v = avow_run(avow_all(bench_loop, both, 2));
  check(!avow_is_error(&v));
  avow_value_unref(v);
}

static uint64_t run(size_t times, size_t blocks, bool resume) {
  set_up();
  if (!resume)
    (void) SSL_CTX_set_session_cache_mode(avow_tls_ssl_ctx(&ours.client),
                                          SSL_SESS_CACHE_OFF);
  ours.blocks = blocks;
  ours.resume = false;
  if (resume)
    ask_once();
  ours.resume = resume;
  const uint64_t begin = used();
  for (size_t i = 0; i < times; i++)
    ask_once();
  const uint64_t ns = used() - begin;
  tear_down();
  bench_drain();
  return ns;
}

static uint64_t full(size_t n, size_t rounds) {
  return run(n * rounds, 0, false);
}

static uint64_t full_by_hand(size_t n, size_t rounds) {
  return raw_run(n * rounds, 0, false);
}

static uint64_t resumed(size_t n, size_t rounds) {
  return run(n * rounds, 0, true);
}

static uint64_t resumed_by_hand(size_t n, size_t rounds) {
  return raw_run(n * rounds, 0, true);
}

static uint64_t sent(size_t n, size_t rounds) {
  return run(1, n * rounds, false);
}

static uint64_t sent_by_hand(size_t n, size_t rounds) {
  return raw_run(1, n * rounds, false);
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "a handshake", 100, full, full_by_hand, 0, 1.11 },
    { "one that resumes", 100, resumed, resumed_by_hand, 0, 1.11 },
    { "64 KiB sent", 1000, sent, sent_by_hand, 0, 1.11 },
  };
  (void) signal(SIGPIPE, SIG_IGN);
  make_certificate();
  raw_set_up();
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
