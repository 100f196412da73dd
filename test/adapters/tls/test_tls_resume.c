/* SPDX-License-Identifier: MIT */
/*
 * Resumed sessions. A session is resumed only with the same host, only by
 * settings that verified it, and only while its certificate is valid. New
 * settings of a server can take over the sessions of former ones.
 */
#include "pair.h"

static void speak_at_most(const avow_value_t *v, int version) {
  SSL_CTX *ctx = avow_tls_ssl_ctx(v);
  assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
}

static void release_ends(void) {
  drop(&ends[0]);
  drop(&ends[1]);
}

static int resumed(void) {
  const int is = SSL_session_reused(avow_tls_ssl(&ends[0]));
  assert_int_equal(SSL_session_reused(avow_tls_ssl(&ends[1])), is);
  return is;
}

/* In TLS 1.3, tickets arrive after the handshake, with the first read. */
static void receive_ticket(void) {
  avow_unref(avow_write(server(), avow_string("x")));
  assert_fulfills_bytes(avow_read(client(), 10), "x");
}

/* Calls speak() and returns whether it resumed a session. */
static int speaks_again(void) {
  speak();
  const int is = resumed();
  receive_ticket();
  release_ends();
  return is;
}

static avow_promise_t *greet_as(const char *host) {
  return avow_tls_client(&settings[0], avow_steal(&below[0]), host);
}

static void meet(const char *host) {
  open_below(100000, NULL);
  avow_promise_t *p = greet_server();
  ends[0] = avow_run(greet_as(host));
  ends[1] = avow_run(p);
  assert_int_equal(ends[0].tag, AVOW_OBJECT);
  assert_int_equal(ends[1].tag, AVOW_OBJECT);
}

static int meets_again(const char *host) {
  meet(host);
  const int is = resumed();
  receive_ticket();
  release_ends();
  return is;
}

static void serve_with(const papers_t *papers, const avow_value_t *past,
                       const papers_t *asks_by) {
  const avow_tls_options_t options = {
    .certificate = papers->certificate,
    .key = papers->key,
    .authorities = asks_by != NULL ? asks_by->certificate : NULL,
    .ask_clients = asks_by != NULL,
    .past = past,
  };
  const avow_value_t v = avow_tls_settings(&options);
  assert_int_equal(v.tag, AVOW_OBJECT);
  drop(&settings[1]);
  settings[1] = v;
}

/* Replaces the settings of the server, and takes over their sessions. */
static void go_on_with(const papers_t *papers, const papers_t *asks_by) {
  const avow_value_t past = avow_value_ref(&settings[1]);
  serve_with(papers, &past, asks_by);
  avow_value_unref(past);
}

static void session_resumes_with_the_same_host(void **state) {
  assert_false(speaks_again());
  for (int i = 0; i < 10; i++)
    assert_true(speaks_again());
  X509 *peer = NULL;
  speak();
  peer = SSL_get1_peer_certificate(avow_tls_ssl(&ends[0]));
  assert_int_equal(X509_cmp(peer, localhost.x), 0);
  assert_int_equal(SSL_get_verify_result(avow_tls_ssl(&ends[0])), X509_V_OK);
  X509_free(peer);
}

static void session_resumes_with_tls_1_2(void **state) {
  speak_at_most(&settings[0], TLS1_2_VERSION);
  assert_false(speaks_again());
  for (int i = 0; i < 10; i++)
    assert_true(speaks_again());
}

/* An eavesdropper could link two connections that offer the same ticket. */
static void tickets_of_tls_1_3_are_offered_once(void **state) {
  assert_false(speaks_again()); /* it receives two */
  speak();
  assert_true(resumed());
  release_ends();
  speak();
  assert_true(resumed());
  release_ends();
  speak();
  assert_false(resumed());
}

static void concurrent_connections_resume(void **state) {
  assert_false(speaks_again());
  open_below(100000, NULL);
  avow_promise_t *first[] = { greet_server(), greet_client() };
  open_below(100000, NULL);
  avow_promise_t *second[] = { greet_server(), greet_client() };
  for (size_t i = 0; i < 2; i++) {
    ends[1] = avow_run(i == 0 ? first[0] : second[0]);
    ends[0] = avow_run(i == 0 ? first[1] : second[1]);
    assert_true(resumed());
    release_ends();
  }
}

/* The certificate covers several hosts, but each host has its own session. */
static void session_does_not_resume_with_another_host(void **state) {
  papers_t papers = make_papers(
      &(wanted_t){ .name = "DNS:a.example.org,DNS:b.example.org,IP:127.0.0.1",
                   .signer = &authority });
  serve_with(&papers, NULL, NULL);
  assert_false(meets_again("a.example.org"));
  assert_false(meets_again("b.example.org"));
  assert_false(meets_again("127.0.0.1"));
  assert_true(meets_again("a.example.org"));
  assert_true(meets_again("b.example.org"));
  assert_true(meets_again("127.0.0.1"));
  open_below(100000, NULL);
  avow_promise_t *p = greet_server();
  assert_rejects(greet_as("c.example.org"), AVOW_TLS_EVERIFY);
  assert_rejects(p, AVOW_TLS_EALERT);
  free_papers(&papers);
}

/* Each of the settings has its own authorities. */
static void session_does_not_resume_with_other_settings(void **state) {
  assert_false(speaks_again());
  drop(&settings[0]);
  settings[0] = avow_tls_settings(NULL);
  open_below(100000, NULL);
  avow_promise_t *p = greet_server();
  assert_rejects(greet_client(), AVOW_TLS_EVERIFY);
  assert_rejects(p, AVOW_TLS_EALERT);
}

static void session_of_an_expired_certificate_does_not_resume(void **state) {
  assert_false(speaks_again());
  speak();
  SSL_SESSION *session = SSL_get1_session(avow_tls_ssl(&ends[0]));
  X509 *peer = SSL_SESSION_get0_peer(session);
  assert_true(resumed());
  receive_ticket();
  X509_gmtime_adj(X509_getm_notAfter(peer), -10);
  SSL_SESSION_free(session);
  release_ends();
  assert_false(speaks_again());
}

/* Hosts that are used stay remembered, however many others are used. */
static void sessions_of_a_limited_number_of_hosts_are_kept(void **state) {
  papers_t papers = make_papers(
      &(wanted_t){ .name = "DNS:*.example.org", .signer = &authority });
  serve_with(&papers, NULL, NULL);
  assert_false(meets_again("often.example.org"));
  char host[40];
  for (int i = 0; i < 65; i++) {
    (void) snprintf(host, sizeof(host), "h%d.example.org", i); /* fits */
    assert_false(meets_again(host));
    if (i % 20 == 0)
      assert_true(meets_again("often.example.org"));
  }
  assert_true(meets_again("often.example.org"));
  assert_true(meets_again("h64.example.org"));
  assert_true(meets_again("h2.example.org"));
  assert_false(meets_again("h1.example.org"));
  free_papers(&papers);
}

static void connection_may_resume_without_close_notify(void **state) {
  assert_false(speaks_again());
  assert_true(speaks_again()); /* neither end sends a notification */
  speak();
  receive_ticket();
  assert_fulfills_none(avow_close(client()));
  assert_rejects(avow_close(client()), UV_EALREADY);
  release_ends();
  assert_true(speaks_again());
}

static void resumption_can_be_disabled(void **state) {
  SSL_CTX *ctx = avow_tls_ssl_ctx(&settings[0]);
  (void) SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  assert_false(speaks_again());
  assert_false(speaks_again());
}

static void same_settings_work_for_both_sides(void **state) {
  for (int i = 0; i < 2; i++) {
    drop(&settings[i]);
    settings[i] = i == 0 ? settings_of(&localhost, &authority)
                         : avow_value_ref(&settings[0]);
  }
  assert_false(speaks_again());
  assert_true(speaks_again());
  assert_true(speaks_again());
}

static void new_server_settings_may_accept_old_sessions(void **state) {
  papers_t later =
      make_papers(&(wanted_t){ .name = "DNS:localhost", .signer = &authority });
  const int versions[] = { TLS1_3_VERSION, TLS1_2_VERSION };
  for (size_t i = 0; i < 2; i++) {
    drop(&settings[0]);
    settings[0] = settings_of(NULL, &authority);
    speak_at_most(&settings[0], versions[i]);
    assert_false(speaks_again());
    go_on_with(&later, NULL);
    assert_true(speaks_again());
    go_on_with(&localhost, NULL);
    assert_true(speaks_again());
    serve_with(&later, NULL, NULL); /* it does not know the keys */
    assert_false(speaks_again());
  }
  free_papers(&later);
}

/* A client that was verified with some authorities is not accepted by a server
   with others. A client that was never verified is not accepted either. */
static void only_verified_clients_resume(void **state) {
  papers_t other = make_papers(&(wanted_t){ .title = "Another" });
  drop(&settings[0]);
  settings[0] = settings_of(&localhost, &authority);
  assert_false(speaks_again());
  go_on_with(&localhost, &authority);
  assert_false(speaks_again());
  assert_true(speaks_again());
  go_on_with(&localhost, &authority);
  assert_true(speaks_again());
  go_on_with(&localhost, &other);
  open_below(100000, NULL);
  avow_promise_t *p = greet_server();
  avow_unref(greet_client());
  assert_rejects(p, AVOW_TLS_EVERIFY);
  free_papers(&other);
}

/* LIST: the server's end and the client's end on the loop `at`. */
static avow_value_t pair_up(uv_loop_t *at) {
  const avow_value_t pair = avow_duplex(at, 100000, NULL);
  avow_value_t mine = avow_value_ref(avow_list_at(&pair, 0));
  avow_value_t yours = avow_value_ref(avow_list_at(&pair, 1));
  avow_value_unref(pair);
  avow_promise_t *both[] = { avow_tls_server(&settings[1], yours),
                             avow_tls_client(&settings[0], mine, "localhost") };
  return avow_run(avow_all(at, both, 2));
}

/* Counts the sessions that were resumed. */
static void resume_often(void *count) {
  uv_loop_t at;
  (void) uv_loop_init(&at);
  (void) avow_loop_init(&at, &steady);
  for (int i = 0; i < 20; i++) {
    const avow_value_t two = pair_up(&at);
    const avow_value_t *second = avow_list_at(&two, 1);
    *(int *) count += SSL_session_reused(avow_tls_ssl(second));
    avow_unref(
        avow_write(avow_to_stream(avow_list_at(&two, 0)), avow_string("x")));
    avow_ignore(avow_run(avow_read(avow_to_stream(second), 1)));
    avow_value_unref(two);
  }
  (void) avow_loop_close(&at);
  (void) uv_loop_close(&at);
}

/* Each thread stores as many tickets as it uses, except at the first
   connection. */
static void threads_share_sessions(void **state) {
  uv_thread_t threads[2];
  int counts[2] = { 0 };
  for (int i = 0; i < 2; i++)
    assert_int_equal(uv_thread_create(&threads[i], resume_often, &counts[i]),
                     0);
  for (int i = 0; i < 2; i++)
    assert_int_equal(uv_thread_join(&threads[i]), 0);
  assert_in_range(counts[0], 19, 20);
  assert_in_range(counts[1], 19, 20);
}

static void invalid_past_settings_are_refused(void **state) {
  const avow_value_t none = avow_none();
  const avow_tls_options_t options = { .past = &none };
  const avow_value_t v = avow_tls_settings(&options);
  assert_int_equal(avow_error_code(&v), UV_EINVAL);
  assert_string_equal(avow_error_message(&v), "past settings");
  avow_value_unref(v);
}

SUITE(tls_resume) {
  const struct CMUnitTest tests[] = {
    PAIR_CASE(session_resumes_with_the_same_host),
    PAIR_CASE(session_resumes_with_tls_1_2),
    PAIR_CASE(tickets_of_tls_1_3_are_offered_once),
    PAIR_CASE(concurrent_connections_resume),
    PAIR_CASE(session_does_not_resume_with_another_host),
    PAIR_CASE(session_does_not_resume_with_other_settings),
    PAIR_CASE(session_of_an_expired_certificate_does_not_resume),
    PAIR_CASE(sessions_of_a_limited_number_of_hosts_are_kept),
    PAIR_CASE(connection_may_resume_without_close_notify),
    PAIR_CASE(resumption_can_be_disabled),
    PAIR_CASE(same_settings_work_for_both_sides),
    PAIR_CASE(new_server_settings_may_accept_old_sessions),
    PAIR_CASE(only_verified_clients_resume),
    PAIR_CASE(threads_share_sessions),
    PAIR_CASE(invalid_past_settings_are_refused),
  };
  harness_init();
  return cmocka_run_group_tests(tests, make_all_papers, free_all_papers);
}
