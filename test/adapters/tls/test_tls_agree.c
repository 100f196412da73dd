/* SPDX-License-Identifier: MIT */
/* Agreement of both peers on a protocol and on the identity of the client. */
#include "pair.h"

static void set(size_t side, const avow_tls_options_t *options) {
  drop(&settings[side]);
  settings[side] = avow_tls_settings(options);
  if (avow_is_error(&settings[side]))
    fail_msg("no settings: %s", avow_error_message(&settings[side]));
}

static void set_protocols(const char *ours, const char *theirs) {
  set(0, &(avow_tls_options_t){ .authorities = authority.certificate,
                                .protocols = ours });
  set(1, &(avow_tls_options_t){ .certificate = localhost.certificate,
                                .key = localhost.key,
                                .protocols = theirs });
}

static void assert_spoken(const char *name) {
  for (int i = 0; i < 2; i++) {
    const unsigned char *data;
    unsigned len;
    SSL_get0_alpn_selected(avow_tls_ssl(&ends[i]), &data, &len);
    assert_int_equal(len, strlen(name));
    assert_memory_equal(data, name, len);
    drop(&ends[i]);
  }
}

static void servers_choose_the_protocol(void **state) {
  set_protocols("h2,http/1.1", "spdy,http/1.1,h2");
  speak();
  assert_spoken("http/1.1");
  set_protocols("h2", "h2");
  speak();
  assert_spoken("h2");
}

static void protocols_are_optional(void **state) {
  set_protocols("h2", NULL);
  speak();
  assert_spoken("");
  set_protocols(NULL, "h2");
  speak();
  assert_spoken("");
}

static void lack_of_a_common_protocol_is_refused(void **state) {
  set_protocols("h2", "http/1.1");
  open_below(100000, NULL);
  avow_promise_t *p = greet_server();
  assert_says(greet_client(), AVOW_TLS_EALERT,
              "the peer sent an alert: tlsv1 alert no application protocol");
  assert_rejects(p, AVOW_TLS_EPROTOCOL);
}

static void invalid_protocol_lists_are_refused(void **state) {
  char large[300];
  memset(large, 'x', sizeof(large));
  large[299] = '\0';
  const char *none[] = { "", ",", "h2,", ",h2", "a,,b", large };
  for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
    const avow_tls_options_t options = { .protocols = none[i] };
    const avow_value_t v = avow_tls_settings(&options);
    assert_int_equal(avow_error_code(&v), UV_EINVAL);
    assert_string_equal(avow_error_message(&v), "protocols");
    avow_value_unref(v);
  }
}

static void ask_for_clients(const papers_t *papers) {
  set(0, &(avow_tls_options_t){ .authorities = authority.certificate,
                                .certificate =
                                    papers != NULL ? papers->certificate : NULL,
                                .key = papers != NULL ? papers->key : NULL });
  set(1, &(avow_tls_options_t){ .certificate = localhost.certificate,
                                .key = localhost.key,
                                .authorities = authority.certificate,
                                .ask_clients = true });
}

static void server_receives_the_client_certificate(void **state) {
  papers_t guest =
      make_papers(&(wanted_t){ .name = "DNS:guest", .signer = &authority });
  ask_for_clients(&guest);
  speak();
  X509 *peer = SSL_get1_peer_certificate(avow_tls_ssl(&ends[1]));
  assert_int_equal(X509_cmp(peer, guest.x), 0);
  X509_free(peer);
  free_papers(&guest);
}

/* With TLS 1.3, the handshake of the client is over before the server refuses
   it. */
static void assert_client_refused(int code, int version) {
  (void) SSL_CTX_set_max_proto_version(avow_tls_ssl_ctx(&settings[1]), version);
  open_below(100000, NULL);
  avow_promise_t *p = greet_server();
  ends[0] = avow_run(greet_client());
  if (version == TLS1_3_VERSION)
    assert_rejects(avow_read(client(), 1), AVOW_TLS_EALERT);
  else
    assert_int_equal(avow_error_code(&ends[0]), AVOW_TLS_EALERT);
  drop(&ends[0]);
  assert_rejects(p, code);
}

static void clients_without_a_certificate_are_refused(void **state) {
  ask_for_clients(NULL);
  assert_client_refused(AVOW_TLS_EPROTOCOL, TLS1_3_VERSION);
  assert_client_refused(AVOW_TLS_EPROTOCOL, TLS1_2_VERSION);
}

static void clients_of_another_authority_are_refused(void **state) {
  papers_t other = make_papers(&(wanted_t){ .title = "Another" });
  papers_t guest =
      make_papers(&(wanted_t){ .name = "DNS:guest", .signer = &other });
  ask_for_clients(&guest);
  assert_client_refused(AVOW_TLS_EVERIFY, TLS1_3_VERSION);
  assert_client_refused(AVOW_TLS_EVERIFY, TLS1_2_VERSION);
  free_papers(&guest);
  free_papers(&other);
}

static void tls_1_2_connects_and_detects_truncation(void **state) {
  (void) SSL_CTX_set_max_proto_version(avow_tls_ssl_ctx(&settings[1]),
                                       TLS1_2_VERSION);
  speak();
  assert_string_equal(SSL_get_version(avow_tls_ssl(&ends[0])), "TLSv1.2");
  avow_unref(avow_write(client(), avow_string("question")));
  assert_fulfills_none(avow_shutdown(client()));
  assert_fulfills_bytes(avow_read_all(server(), 100), "question");
  avow_unref(avow_write(server(), avow_string("answer")));
  drop(&ends[1]);
  assert_fulfills_bytes(avow_read(client(), 100), "answer");
  assert_rejects(avow_read(client(), 100), AVOW_TLS_ETRUNCATED);
}

/* avow does not renegotiate. */
static void server_refuses_renegotiation(void **state) {
  (void) SSL_CTX_set_max_proto_version(avow_tls_ssl_ctx(&settings[1]),
                                       TLS1_2_VERSION);
  speak();
  (void) SSL_clear_options(avow_tls_ssl(&ends[0]), SSL_OP_NO_RENEGOTIATION);
  (void) SSL_renegotiate(avow_tls_ssl(&ends[0]));
  avow_promise_t *p = avow_read(client(), 100);
  avow_promise_t *q = avow_read(server(), 100);
  assert_rejects(p, AVOW_TLS_EPROTOCOL);
  drop(&ends[0]);
  avow_ignore(avow_run(q)); /* either outcome is fine */
}

/* Servers of OpenSSL refuse it by default. Here the client must refuse it. */
static void client_refuses_renegotiation(void **state) {
  (void) SSL_CTX_set_max_proto_version(avow_tls_ssl_ctx(&settings[1]),
                                       TLS1_2_VERSION);
  speak();
  (void) SSL_clear_options(avow_tls_ssl(&ends[1]), SSL_OP_NO_RENEGOTIATION);
  (void) SSL_renegotiate(avow_tls_ssl(&ends[1]));
  avow_promise_t *p = avow_read(client(), 100);
  assert_rejects(avow_read(server(), 100), AVOW_TLS_EPROTOCOL);
  drop(&ends[1]);
  avow_ignore(avow_run(p)); /* either outcome is fine */
}

SUITE(tls_agree) {
  const struct CMUnitTest tests[] = {
    PAIR_CASE(servers_choose_the_protocol),
    PAIR_CASE(protocols_are_optional),
    PAIR_CASE(lack_of_a_common_protocol_is_refused),
    PAIR_CASE(invalid_protocol_lists_are_refused),
    PAIR_CASE(server_receives_the_client_certificate),
    PAIR_CASE(clients_without_a_certificate_are_refused),
    PAIR_CASE(clients_of_another_authority_are_refused),
    PAIR_CASE(tls_1_2_connects_and_detects_truncation),
    PAIR_CASE(server_refuses_renegotiation),
    PAIR_CASE(client_refuses_renegotiation),
  };
  harness_init();
  return cmocka_run_group_tests(tests, make_all_papers, free_all_papers);
}
