/* SPDX-License-Identifier: MIT */
/*
 * Servers that must be refused: one for each case known from badssl.com. The
 * client must name the reason and send an alert to the server. These servers
 * are configured less strictly than settings of avow would be.
 */
#include "pair.h"

static papers_t aged, other, namesake, between, narrow, server_like;

/* Changes the SSL_CTX of a server. */
typedef void (*alter_fn)(SSL_CTX *ctx);

/* If a field is zero, its default applies. */
typedef struct {
  wanted_t wanted;   /* certificate of the server */
  alter_fn alter;    /* default: no change */
  const char *host;  /* host that the client expects; default: "localhost" */
  const char *words; /* message of the client's error */
  const char *told;  /* message of the server's error */
  int code;          /* the client's; default: AVOW_TLS_EVERIFY */
  int told_code;     /* the server's; default: AVOW_TLS_EALERT */
} case_t;

static const char *const mismatch = "hostname mismatch";
static const char *const unknown = "alert unknown ca";
static const char *const bad = "alert bad certificate";

static void send_the_root(SSL_CTX *ctx) {
  assert_int_equal(SSL_CTX_add1_chain_cert(ctx, other.x), 1);
}

static void send_the_intermediate(SSL_CTX *ctx) {
  assert_int_equal(SSL_CTX_add1_chain_cert(ctx, between.x), 1);
}

static void send_aged(SSL_CTX *ctx) {
  assert_int_equal(SSL_CTX_add1_chain_cert(ctx, aged.x), 1);
}

static void send_narrow(SSL_CTX *ctx) {
  assert_int_equal(SSL_CTX_add1_chain_cert(ctx, narrow.x), 1);
}

static void send_a_non_authority(SSL_CTX *ctx) {
  assert_int_equal(SSL_CTX_add1_chain_cert(ctx, server_like.x), 1);
}

static void speak_version(SSL_CTX *ctx, int version) {
  assert_int_equal(SSL_CTX_set_min_proto_version(ctx, version), 1);
  assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
}

static void speak_tls_1_0(SSL_CTX *ctx) {
  speak_version(ctx, TLS1_VERSION);
}

static void speak_tls_1_1(SSL_CTX *ctx) {
  speak_version(ctx, TLS1_1_VERSION);
}

static void want_another_cipher(SSL_CTX *ctx) {
  speak_version(ctx, TLS1_2_VERSION);
  assert_int_equal(SSL_CTX_set_cipher_list(ctx, "NULL-SHA256"), 1);
}

static const case_t cases[] = {
  { .wanted = { .name = "DNS:localhost", .from = -7200, .to = -3600 },
    .words = "certificate has expired",
    .told = "alert certificate expired" },
  { .wanted = { .name = "DNS:localhost", .from = 3600, .to = 7200 },
    .words = "certificate is not yet valid",
    .told = bad },
  { .wanted = { .name = "DNS:localhost" },
    .host = "example.org",
    .words = "the certificate of example.org: hostname mismatch",
    .told = bad },
  { .wanted = { .name = "DNS:localhost,IP:127.0.0.2" },
    .host = "127.0.0.1",
    .words = "the certificate of 127.0.0.1: IP address mismatch",
    .told = bad },
  { .wanted = { .name = "DNS:127.0.0.1" },
    .host = "127.0.0.1",
    .words = "IP address mismatch",
    .told = bad },
  { .wanted = { .name = "IP:127.0.0.1" },
    .host = "::1",
    .words = "the certificate of ::1: IP address mismatch",
    .told = bad },
  { .wanted = { .name = "DNS:*.com" },
    .host = "example.com",
    .words = mismatch,
    .told = bad },
  { .wanted = { .name = "DNS:*" },
    .host = "localhost",
    .words = mismatch,
    .told = bad },
  { .wanted = { .name = "DNS:*.example.org" },
    .host = "a.b.example.org",
    .words = mismatch,
    .told = bad },
  { .wanted = { .name = "DNS:*.example.org" },
    .host = "example.org",
    .words = mismatch,
    .told = bad },
  { .wanted = { .name = "DNS:w*.example.org" },
    .host = "www.example.org",
    .words = mismatch,
    .told = bad },
  { .wanted = { .name = "localhost", .behind_nul = ".example.org" },
    .words = mismatch,
    .told = bad },
  { .wanted = { .name = "DNS:localhost", .signer = &server_like },
    .words = "unable to get local issuer certificate",
    .told = unknown },
  { .wanted = { .name = "DNS:localhost", .signer = &server_like },
    .alter = send_a_non_authority,
    .words = "invalid CA certificate",
    .told = unknown },
  { .wanted = { .name = "DNS:localhost", .signer = &other },
    .words = "unable to get local issuer certificate",
    .told = unknown },
  { .wanted = { .name = "DNS:localhost", .signer = &other },
    .alter = send_the_root,
    .words = "self-signed certificate in certificate chain",
    .told = unknown },
  { .wanted = { .name = "DNS:localhost", .signer = &namesake },
    .words = "certificate signature failure",
    .told = "alert decrypt error" },
  { .wanted = { .name = "DNS:localhost", .signer = &between },
    .words = "unable to get local issuer certificate",
    .told = unknown },
  { .wanted = { .name = "DNS:localhost", .signer = &narrow },
    .alter = send_narrow,
    .words = "permitted subtree violation",
    .told = "alert certificate unknown" },
  { .wanted = { .name = "DNS:localhost", .rsa = 1024 },
    .words = "EE certificate key too weak",
    .told = bad },
  { .wanted = { .name = "DNS:localhost", .digest = "SHA1" },
    .words = "CA signature digest algorithm too weak",
    .told = bad },
  { .wanted = { .name = "DNS:localhost", .digest = "MD5", .signer = &aged },
    .alter = send_aged,
    .words = "CA signature digest algorithm too weak",
    .told = bad },
  { .wanted = { .name = "DNS:localhost", .use = "clientAuth" },
    .words = "unsuitable certificate purpose",
    .told = "alert unsupported certificate" },
  { .wanted = { .name = "DNS:localhost" },
    .alter = speak_tls_1_0,
    .code = AVOW_TLS_EALERT,
    .words = "the peer sent an alert: tlsv1 alert protocol version",
    .told_code = AVOW_TLS_EPROTOCOL,
    .told = "TLS: unsupported protocol" },
  { .wanted = { .name = "DNS:localhost" },
    .alter = speak_tls_1_1,
    .code = AVOW_TLS_EALERT,
    .words = "the peer sent an alert: tlsv1 alert protocol version",
    .told_code = AVOW_TLS_EPROTOCOL,
    .told = "TLS: unsupported protocol" },
  { .wanted = { .name = "DNS:localhost" },
    .alter = want_another_cipher,
    .code = AVOW_TLS_EALERT,
    .words = "the peer sent an alert: ",
    .told_code = AVOW_TLS_EPROTOCOL,
    .told = "TLS: no shared cipher" },
};

/* A server with this certificate, whatever its defects. The authority signs it,
   unless the case names a signer or it is self-signed. */
static papers_t set_up_server(const case_t *c, bool self_signed) {
  wanted_t wanted = c->wanted;
  if (wanted.signer == NULL && !self_signed)
    wanted.signer = &authority;
  const papers_t papers = make_papers(&wanted);
  drop(&settings[1]);
  settings[1] = settings_of(NULL, NULL);
  SSL_CTX *ctx = avow_tls_ssl_ctx(&settings[1]);
  SSL_CTX_set_security_level(ctx, 0);
  assert_int_equal(SSL_CTX_use_certificate(ctx, papers.x), 1);
  assert_int_equal(SSL_CTX_use_PrivateKey(ctx, papers.pkey), 1);
  if (c->alter != NULL)
    c->alter(ctx);
  return papers;
}

static void assert_error(avow_promise_t *p, int code, const char *words,
                         size_t at) {
  const avow_value_t v = avow_run(p);
  if (avow_error_code(&v) != code ||
      strstr(avow_error_message(&v), words) == NULL)
    fail_msg("row %zu: %d, %s, and not: %s", at, avow_error_code(&v),
             avow_error_message(&v), words);
  avow_value_unref(v);
}

static int or_else(int code, int otherwise) {
  return code != 0 ? code : otherwise;
}

static void assert_refused(const case_t *c, size_t at, bool self_signed) {
  papers_t papers = set_up_server(c, self_signed);
  open_below(100000, NULL);
  avow_promise_t *server_is = greet_server();
  assert_error(avow_tls_client(&settings[0], avow_steal(&below[0]),
                               c->host != NULL ? c->host : "localhost"),
               or_else(c->code, AVOW_TLS_EVERIFY), c->words, at);
  assert_error(server_is, or_else(c->told_code, AVOW_TLS_EALERT), c->told, at);
  free_papers(&papers);
}

static void untrusted_servers_are_refused(void **state) {
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
    assert_refused(&cases[i], i, false);
}

static void self_signed_server_is_refused(void **state) {
  const case_t alone = { .wanted = { .name = "DNS:localhost" },
                         .words = "self-signed certificate",
                         .told = unknown };
  assert_refused(&alone, 0, true);
}

/* The counterparts of rows of the table: with the intermediate certificate and
   with a valid wildcard, the client accepts the server. */
static void assert_trusted(const case_t *c) {
  papers_t papers = set_up_server(c, false);
  open_below(100000, NULL);
  avow_promise_t *p = greet_server();
  ends[0] =
      avow_run(avow_tls_client(&settings[0], avow_steal(&below[0]), c->host));
  ends[1] = avow_run(p);
  assert_int_equal(ends[0].tag, AVOW_OBJECT);
  assert_int_equal(ends[1].tag, AVOW_OBJECT);
  drop(&ends[0]);
  drop(&ends[1]);
  free_papers(&papers);
}

static void trusted_servers_are_accepted(void **state) {
  assert_trusted(
      &(case_t){ .wanted = { .name = "DNS:localhost", .signer = &between },
                 .alter = send_the_intermediate,
                 .host = "localhost" });
  assert_trusted(&(case_t){ .wanted = { .name = "DNS:*.example.org" },
                            .host = "www.example.org" });
  assert_trusted(
      &(case_t){ .wanted = { .name = "DNS:x.org", .signer = &narrow },
                 .alter = send_narrow,
                 .host = "x.org" });
  assert_trusted(&(case_t){
      .wanted = { .name = "DNS:localhost", .use = "serverAuth,clientAuth" },
      .host = "localhost" });
}

/* A client that supports TLS 1.1 at most, and a server of avow. */
static void tls_1_1_clients_are_refused(void **state) {
  SSL_CTX *ctx = avow_tls_ssl_ctx(&settings[0]);
  SSL_CTX_set_security_level(ctx, 0);
  speak_tls_1_1(ctx);
  open_below(100000, NULL);
  avow_promise_t *p = greet_server();
  assert_says(greet_client(), AVOW_TLS_EALERT,
              "the peer sent an alert: tlsv1 alert protocol version");
  assert_says(p, AVOW_TLS_EPROTOCOL, "TLS: unsupported protocol");
}

/* A server that does not know the extension for versions of TLS 1.3, and
   answers with its own version. */
static void tls_1_1_servers_are_refused(void **state) {
  SSL_CTX *ctx = avow_tls_ssl_ctx(&settings[0]);
  assert_int_equal(SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION), 1);
  SSL_CTX_set_security_level(avow_tls_ssl_ctx(&settings[1]), 0);
  speak_tls_1_1(avow_tls_ssl_ctx(&settings[1]));
  open_below(100000, NULL);
  avow_promise_t *p = greet_server();
  assert_error(greet_client(), AVOW_TLS_EPROTOCOL, "unsupported protocol", 0);
  avow_ignore(avow_run(p)); /* it may not understand the alert */
}

static int make_more_papers(void **state) {
  if (make_all_papers(state) != 0)
    return -1;
  aged = make_papers(
      &(wanted_t){ .title = "Aged", .signer = &authority, .rsa = 2048 });
  other = make_papers(&(wanted_t){ .title = "Another" });
  namesake = make_papers(&(wanted_t){ 0 });
  between =
      make_papers(&(wanted_t){ .title = "Between", .signer = &authority });
  narrow =
      make_papers(&(wanted_t){ .title = "Narrow",
                               .signer = &authority,
                               .permits = "critical,permitted;DNS:x.org" });
  server_like = make_papers(
      &(wanted_t){ .name = "DNS:example.org", .signer = &authority });
  return 0;
}

static int free_more_papers(void **state) {
  papers_t *all[] = { &aged,   &other,       &namesake, &between,
                      &narrow, &server_like, NULL };
  for (size_t i = 0; all[i] != NULL; i++)
    free_papers(all[i]);
  return free_all_papers(state);
}

SUITE(tls_refused) {
  const struct CMUnitTest tests[] = {
    PAIR_CASE(untrusted_servers_are_refused),
    PAIR_CASE(self_signed_server_is_refused),
    PAIR_CASE(trusted_servers_are_accepted),
    PAIR_CASE(tls_1_1_clients_are_refused),
    PAIR_CASE(tls_1_1_servers_are_refused),
  };
  harness_init();
  return cmocka_run_group_tests(tests, make_more_papers, free_more_papers);
}
