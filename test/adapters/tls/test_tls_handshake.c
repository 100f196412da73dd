/* SPDX-License-Identifier: MIT */
/* Handshakes: which certificates are accepted, what each side learns, and
   failures. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pair.h"
#include "thread_pool.h"

static void weak_keys_are_refused(void **state) {
  papers_t weak = make_papers(&(
      wanted_t){ .name = "DNS:localhost", .signer = &authority, .rsa = 1024 });
  const avow_tls_options_t options = { .certificate = weak.certificate,
                                       .key = weak.key };
  const avow_value_t v = avow_tls_settings(&options);
  assert_int_equal(avow_error_code(&v), UV_EINVAL);
  assert_string_equal(avow_error_message(&v), "certificate: ee key too small");
  avow_value_unref(v);
  free_papers(&weak);
}

static void ip_addresses_are_valid_hosts(void **state) {
  papers_t papers = make_papers(
      &(wanted_t){ .name = "IP:127.0.0.1,IP:::1", .signer = &authority });
  drop(&settings[1]);
  settings[1] = settings_of(&papers, NULL);
  const char *hosts[] = { "127.0.0.1", "::1" };
  for (int i = 0; i < 2; i++) {
    open_below(100000, NULL);
    avow_promise_t *p = greet_server();
    ends[0] = avow_run(
        avow_tls_client(&settings[0], avow_steal(&below[0]), hosts[i]));
    ends[1] = avow_run(p);
    assert_int_equal(ends[0].tag, AVOW_OBJECT);
    assert_null(
        SSL_get_servername(avow_tls_ssl(&ends[1]), TLSEXT_NAMETYPE_host_name));
    drop(&ends[0]);
    drop(&ends[1]);
  }
  free_papers(&papers);
}

static void client_sends_the_host_name(void **state) {
  speak();
  assert_string_equal(SSL_get_servername(avow_tls_ssl(&ends[1]),
                                         TLSEXT_NAMETYPE_host_name),
                      "localhost");
}

/* The authority of the test is not among those of the system. */
static void system_authorities_are_the_default(void **state) {
  drop(&settings[0]);
  settings[0] = avow_tls_settings(NULL);
  open_below(100000, NULL);
  avow_promise_t *p = greet_server();
  assert_rejects(greet_client(), AVOW_TLS_EVERIFY);
  assert_rejects(p, AVOW_TLS_EALERT);
}

/* The system's authorities, in a file that the test writes. */
static char system_path[] = "/tmp/avow-authority-XXXXXX";

static void write_system(const char *text) {
  const int fd = open(system_path, O_WRONLY | O_TRUNC);
  const size_t len = strlen(text);
  assert_int_equal(write(fd, text, len), len);
  assert_int_equal(close(fd), 0);
}

/* Sets fixed times, so that times and length of the file show no change of its
   contents. */
static void set_time(time_t seconds) {
  const struct timespec times[] = { { .tv_sec = seconds },
                                    { .tv_sec = seconds } };
  assert_int_equal(utimensat(AT_FDCWD, system_path, times, 0), 0);
}

static int system_setup(void **state) {
  memcpy(strchr(system_path, '\0') - 6, "XXXXXX", 6);
  const int fd = mkstemp(system_path);
  if (fd < 0 || close(fd) != 0)
    return -1;
  (void) setenv("SSL_CERT_FILE", system_path, 1);
  const int err = pair_setup(state);
  drop(&settings[0]);
  settings[0] = avow_tls_settings(NULL);
  write_system(authority.certificate);
  return err;
}

static int system_teardown(void **state) {
  release_pool();
  (void) uv_run(loop, UV_RUN_DEFAULT); /* waits for jobs of the pool */
  (void) unsetenv("SSL_CERT_FILE");
  (void) unlink(system_path);
  return pair_teardown(state);
}

static int count_authorities(const avow_value_t *of) {
  const SSL_CTX *ctx = avow_tls_ssl_ctx(of);
  return sk_X509_OBJECT_num(
      X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx)));
}

static void assert_not_verified(void) {
  open_below(100000, NULL);
  avow_promise_t *p = greet_server();
  assert_rejects(greet_client(), AVOW_TLS_EVERIFY);
  assert_rejects(p, AVOW_TLS_EALERT);
}

static void speak_anew(void) {
  drop(&settings[0]);
  settings[0] = avow_tls_settings(NULL);
  drop(&ends[0]);
  drop(&ends[1]);
  speak();
}

/* Authorities in the settings replace those of the system. */
static void own_authorities_replace_the_system_authorities(void **state) {
  papers_t other = make_papers(&(wanted_t){ .title = "Other" });
  speak();
  drop(&settings[0]);
  settings[0] = settings_of(NULL, &other);
  assert_not_verified();
  free_papers(&other);
}

static void only_clients_read_the_system_authorities(void **state) {
  speak();

  assert_int_equal(count_authorities(&settings[0]), 1);
  assert_int_equal(count_authorities(&settings[1]), 0);
}

static void server_that_verifies_clients_reads_the_authorities(void **state) {
  const avow_tls_options_t asking = { .certificate = localhost.certificate,
                                      .key = localhost.key,
                                      .ask_clients = true };
  drop(&settings[0]);
  settings[0] = settings_of(&localhost, &authority);
  drop(&settings[1]);
  settings[1] = avow_tls_settings(&asking);
  assert_int_equal(count_authorities(&settings[1]), 0);

  speak();

  assert_int_equal(count_authorities(&settings[1]), 1);
}

static void system_authorities_are_read_once(void **state) {
  set_time(1000000000);
  speak();
  char *other = strdup(authority.certificate);
  memset(other, 'x', strlen(other));
  write_system(other);
  set_time(1000000000);

  speak_anew();

  free(other);
}

static void changed_system_authorities_are_read_again(void **state) {
  papers_t other = make_papers(&(wanted_t){ .title = "Other" });
  set_time(1000000000);
  speak();
  write_system(other.certificate);
  set_time(1000000001);
  drop(&settings[0]);
  settings[0] = avow_tls_settings(NULL);

  assert_not_verified();

  free_papers(&other);
}

/* If a program sets its own store, avow does not add authorities to it. */
static void system_authorities_do_not_fill_an_own_store(void **state) {
  SSL_CTX_set_cert_store(avow_tls_ssl_ctx(&settings[0]), X509_STORE_new());

  assert_not_verified();
}

static void handshake_with_own_authorities_needs_no_thread(void **state) {
  drop(&settings[0]);
  settings[0] = settings_of(NULL, &authority);
  hold_pool(THREADS);

  speak();
}

static void handshake_may_be_canceled_while_authorities_are_read(void **state) {
  open_below(100000, NULL);
  hold_pool(THREADS);
  avow_promise_t *p = greet_server();
  avow_promise_t *q = greet_client();

  avow_cancel(q);

  assert_rejects(q, UV_ECANCELED);
  assert_rejects(p, AVOW_TLS_ETRUNCATED);
}

static void assert_no_settings(const avow_tls_options_t *options,
                               const char *words) {
  const avow_value_t v = avow_tls_settings(options);
  assert_int_equal(avow_error_code(&v), UV_EINVAL);
  if (strstr(avow_error_message(&v), words) == NULL)
    fail_msg("message: %s", avow_error_message(&v));
  avow_value_unref(v);
}

static void settings_errors_name_the_problem(void **state) {
  const char *good = localhost.certificate, *key = localhost.key;
  assert_no_settings(&(avow_tls_options_t){ .certificate = "x", .key = key },
                     "certificate");
  assert_no_settings(&(avow_tls_options_t){ .certificate = good, .key = "x" },
                     "private key");
  assert_no_settings(&(avow_tls_options_t){ .certificate = good,
                                            .key = authority.key },
                     "private key: key values mismatch");
  assert_no_settings(&(avow_tls_options_t){ .certificate = good },
                     "certificate without a private key");
  assert_no_settings(&(avow_tls_options_t){ .key = key },
                     "private key without a certificate");
  assert_no_settings(&(avow_tls_options_t){ .authorities = "x" },
                     "certificate authorities");
  char two[4096];
  (void) snprintf(two, sizeof(two), "%s%s", good,
                  "-----BEGIN CERTIFICATE-----\nAAAA\n"
                  "-----END CERTIFICATE-----\n");
  assert_no_settings(&(avow_tls_options_t){ .authorities = two },
                     "certificate authorities");
  assert_no_settings(&(avow_tls_options_t){ .reserved = { 0, 1 } },
                     "invalid argument");
}

/* Further certificates in the file are sent along with the first one. */
static void certificate_chain_is_sent(void **state) {
  papers_t papers =
      make_papers(&(wanted_t){ .name = "DNS:localhost", .signer = &authority });
  char both[8000];
  (void) snprintf(both, sizeof(both), "%s%s", papers.certificate,
                  authority.certificate); /* they fit */
  const avow_tls_options_t options = { .certificate = both, .key = papers.key };
  drop(&settings[1]);
  settings[1] = avow_tls_settings(&options);
  speak();
  STACK_OF(X509) *sent = SSL_get_peer_cert_chain(avow_tls_ssl(&ends[0]));
  assert_int_equal(sk_X509_num(sent), 2);
  free_papers(&papers);
}

/* The certificate changes while streams exist. These keep theirs. */
static void new_streams_use_new_certificates(void **state) {
  speak();
  papers_t later =
      make_papers(&(wanted_t){ .name = "DNS:localhost", .signer = &authority });
  const avow_value_t first[] = { avow_steal(&ends[0]), avow_steal(&ends[1]) };
  drop(&settings[1]);
  settings[1] = settings_of(&later, NULL);
  speak();
  X509 *peer = SSL_get1_peer_certificate(avow_tls_ssl(&ends[0]));
  assert_int_equal(X509_cmp(peer, later.x), 0);
  X509_free(peer);
  avow_unref(avow_write(avow_to_stream(&first[0]), avow_string("goes on")));
  assert_fulfills_bytes(avow_read(avow_to_stream(&first[1]), 100), "goes on");
  avow_value_unref(first[0]);
  avow_value_unref(first[1]);
  free_papers(&later);
}

static void other_protocols_are_refused(void **state) {
  open_below(100000, NULL);
  avow_unref(avow_write(avow_to_stream(&below[0]),
                        avow_string("GET / HTTP/1.1\r\n\r\n")));
  assert_says(greet_server(), AVOW_TLS_EPROTOCOL, "TLS: http request");
}

static void end_during_the_handshake_is_a_truncation(void **state) {
  open_below(100000, NULL);
  avow_unref(avow_write(avow_to_stream(&below[1]),
                        avow_bytes("\x15\x03\x03\0\x02\x01\0", 7)));
  assert_says(greet_client(), AVOW_TLS_ETRUNCATED,
              "the peer ended the TLS handshake");
}

static void server_without_a_certificate_fails(void **state) {
  drop(&settings[1]);
  settings[1] = settings_of(NULL, NULL);
  open_below(100000, NULL);
  avow_promise_t *p = greet_server();
  assert_rejects(greet_client(), AVOW_TLS_EALERT);
  assert_rejects(p, AVOW_TLS_EPROTOCOL);
}

/* The first end's writes are cut off after each number of bytes. Both sides
   must settle. Returns whether the handshake succeeded on both sides. */
static bool greet_until(size_t bytes, int cut, size_t from) {
  const avow_duplex_options_t options = { .cut = cut, .cut_after = bytes };
  open_below(100000, &options);
  if (from == 1) { /* the server's writes are cut off */
    const avow_value_t first = below[0];
    below[0] = below[1];
    below[1] = first;
  }
  avow_promise_t *both[] = { greet_server(), greet_client() };
  avow_value_t v = avow_run(avow_all_settled(loop, both, 2));
  const avow_outcome_t server_is = avow_outcome_at(&v, 0);
  const avow_outcome_t client_is = avow_outcome_at(&v, 1);
  const bool through =
      client_is.status == AVOW_FULFILLED && server_is.status == AVOW_FULFILLED;
  const avow_outcome_t who = from == 1 ? client_is : server_is;
  if (who.status == AVOW_REJECTED)
    assert_int_equal(avow_error_code(who.reason),
                     cut == UV_EOF ? AVOW_TLS_ETRUNCATED : cut);
  avow_value_unref(v);
  return through;
}

static void handshake_cut_at_each_byte_rejects(void **state) {
  for (size_t from = 0; from < 2; from++)
    for (int cut = 0; cut < 2; cut++) {
      size_t at = 0;
      while (!greet_until(at, cut == 0 ? UV_EOF : UV_ECONNRESET, from))
        at += 1 + at / 50;
      assert_in_range(at, 100, 3000);
    }
}

static void bad_arguments_are_refused(void **state) {
  open_below(100000, NULL);
  assert_rejects(avow_tls_client(&settings[0], avow_value_ref(&below[0]), NULL),
                 UV_EINVAL);
  assert_rejects(avow_tls_client(&settings[0], avow_value_ref(&below[0]), ""),
                 UV_EINVAL);
  assert_rejects(avow_tls_client(NULL, avow_value_ref(&below[0]), "x"),
                 UV_EINVAL);
  assert_rejects(avow_tls_server(NULL, avow_value_ref(&below[0])), UV_EINVAL);
}

static int client_of(const char *host) {
  open_below(100000, NULL);
  avow_promise_t *p =
      avow_tls_client(&settings[0], avow_value_ref(&below[0]), host);
  const avow_value_t v = avow_run(avow_timeout(p, 1));
  const int code = avow_error_code(&v);
  avow_value_unref(v);
  drop(&below[0]);
  drop(&below[1]);
  return code;
}

/* The accepted hosts reach the peer, which does not answer here. */
static void invalid_hosts_are_refused(void **state) {
  static char name[70000];
  memset(name, 'a', sizeof(name) - 1);
  assert_int_equal(client_of(name), UV_EINVAL);
  name[256] = '\0';
  assert_int_equal(client_of(name), UV_EINVAL);
  name[255] = '\0';
  assert_int_equal(client_of(name), UV_ETIMEDOUT);
  assert_int_equal(client_of("fe80::1%eth0"), UV_EINVAL);
  assert_int_equal(client_of(".example.org"), UV_EINVAL);
  assert_int_equal(client_of("fe80::1"), UV_ETIMEDOUT);
}

#define SYSTEM_CASE(f) \
  cmocka_unit_test_setup_teardown(f, system_setup, system_teardown)

SUITE(tls_handshake) {
  const struct CMUnitTest tests[] = {
    PAIR_CASE(weak_keys_are_refused),
    PAIR_CASE(ip_addresses_are_valid_hosts),
    PAIR_CASE(client_sends_the_host_name),
    PAIR_CASE(system_authorities_are_the_default),
    SYSTEM_CASE(own_authorities_replace_the_system_authorities),
    SYSTEM_CASE(only_clients_read_the_system_authorities),
    SYSTEM_CASE(server_that_verifies_clients_reads_the_authorities),
    SYSTEM_CASE(system_authorities_are_read_once),
    SYSTEM_CASE(changed_system_authorities_are_read_again),
    SYSTEM_CASE(system_authorities_do_not_fill_an_own_store),
    SYSTEM_CASE(handshake_with_own_authorities_needs_no_thread),
    SYSTEM_CASE(handshake_may_be_canceled_while_authorities_are_read),
    PAIR_CASE(settings_errors_name_the_problem),
    PAIR_CASE(certificate_chain_is_sent),
    PAIR_CASE(new_streams_use_new_certificates),
    PAIR_CASE(other_protocols_are_refused),
    PAIR_CASE(end_during_the_handshake_is_a_truncation),
    PAIR_CASE(server_without_a_certificate_fails),
    PAIR_CASE(handshake_cut_at_each_byte_rejects),
    PAIR_CASE(bad_arguments_are_refused),
    PAIR_CASE(invalid_hosts_are_refused),
  };
  harness_init();
  pool_init();
  return cmocka_run_group_tests(tests, make_all_papers, free_all_papers);
}
