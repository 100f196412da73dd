/* SPDX-License-Identifier: MIT */
/*
 * TLS with Node over loopback, in both roles: the agreed protocol, a few
 * messages, the end of one direction, an end without a notification, and
 * resumed sessions.
 */
#include <stdio.h>

#include "others.h"

static const char node_peer[] = HERE "/node_peer.js";

enum { LARGE = 300 * 1000 };

static avow_value_t settings_with(const papers_t *own, const papers_t *trusted,
                                  const char *protocols) {
  const avow_tls_options_t options = {
    .certificate = own != NULL ? own->certificate : NULL,
    .key = own != NULL ? own->key : NULL,
    .authorities = trusted != NULL ? trusted->certificate : NULL,
    .protocols = protocols,
  };
  return avow_tls_settings(&options);
}

static int node_setup(void **state) {
  if (others_setup(state) != 0)
    return -1;
  drop(&settings[0]);
  drop(&settings[1]);
  settings[0] = settings_with(NULL, &authority, "echo");
  settings[1] = settings_with(&localhost, NULL, "echo,other");
  return 0;
}

static avow_value_t start_server(const char *version, char port[8]) {
  const char *args[] = { "node", node_peer, "server", version, NULL };
  return start_others(args, port);
}

/* The first line names the protocol and the version. */
static void meet_node(const char *port, const char *version) {
  char greeting[40];
  (void) snprintf(greeting, sizeof(greeting), "echo %s\n", version); /* fits */
  meet_others(port);
  assert_fulfills_bytes(avow_read(client(), 100), greeting);
}

/* The data takes many records in both directions. */
static void assert_repeats_much(void) {
  char *much = malloc(LARGE);
  assert_non_null(much);
  for (size_t i = 0; i < LARGE; i++)
    much[i] = (char) (i * 7 + i / 1000);
  avow_promise_t *p = avow_write(client(), avow_bytes(much, LARGE));
  avow_reader_t *reader = avow_reader_new(client());
  const avow_value_t v = avow_run(avow_reader_exactly(reader, LARGE));
  assert_int_equal(v.tag, AVOW_BYTES);
  assert_memory_equal(avow_to_bytes(&v, NULL), much, LARGE);
  assert_fulfills_int(p, LARGE);
  avow_value_unref(v);
  avow_reader_unref(reader);
  free(much);
}

/* The end of our direction does not end theirs, which ends with a last
   message. */
static void assert_server_agrees(const char *version) {
  char port[8];
  const avow_value_t process = start_server(version, port);
  meet_node(port, version);
  avow_unref(avow_write(client(), avow_string("hello\n")));
  assert_fulfills_bytes(avow_read(client(), 100), "hello\n");
  assert_repeats_much();
  assert_fulfills_none(avow_shutdown(client()));
  assert_fulfills_bytes(avow_read(client(), 100), "bye\n");
  assert_fulfills_none(avow_read(client(), 100));
  drop(&ends[0]);

  meet_node(port, version);
  assert_true(SSL_session_reused(avow_tls_ssl(&ends[0])));
  avow_unref(avow_write(client(), avow_string("cut\n")));
  assert_rejects(avow_read(client(), 100), AVOW_TLS_ETRUNCATED);
  drop(&ends[0]);
  avow_value_unref(process);
}

static void client_works_with_a_node_server(void **state) {
  assert_server_agrees("TLSv1.3");
  assert_server_agrees("TLSv1.2");
}

/* Echoes until the end, and then sends a last message. */
static avow_value_t repeat_all(void *place) {
  AVOW_TRY(welcome(place));
  for (;;) {
    const avow_value_t heard = avow_await(avow_read(server(), 100));
    if (avow_is_none(&heard))
      break;
    if (avow_is_error(&heard))
      return heard;
    AVOW_TRY(avow_await(avow_write(server(), heard)));
  }
  AVOW_TRY(avow_await(avow_write(server(), avow_string("bye\n"))));
  return avow_await(avow_shutdown(server()));
}

/* Answers once, so that the peer disconnects, and reads on. */
static avow_value_t have_it_cut(void *place) {
  AVOW_TRY(welcome(place));
  AVOW_TRY(avow_await(avow_read(server(), 100)));
  AVOW_TRY(avow_await(avow_write(server(), avow_string("cut\n"))));
  return avow_await(avow_read(server(), 100));
}

/* Asserts what a client prints while `fn` serves it. The promise of `fn` must
   settle with `code`. */
static void assert_prints(const char *side, const char *version,
                          const char *protocol, avow_value_t (*fn)(void *place),
                          int code, const char *expected) {
  place_t place = open_place();
  const char *args[] = { "node",   node_peer,  side, version,
                         protocol, place.port, NULL };
  avow_promise_t *p = avow_async(loop, fn, &place);
  const avow_value_t v = output_of(args, "");
  const avow_output_t *output = avow_to_output(&v);
  if (code == 0)
    assert_fulfills_none(p);
  else
    assert_rejects(p, code);
  assert_string_equal(avow_to_bytes(&output->out, NULL), expected);
  avow_value_unref(v);
  drop(&ends[1]);
  close_place(&place);
}

static void server_works_with_a_node_client(void **state) {
  assert_prints("client", "TLSv1.3", "echo", repeat_all, 0,
                "echo TLSv1.3\none\ntwo\nthree\nbye\n");
  assert_prints("client", "TLSv1.2", "other", repeat_all, 0,
                "other TLSv1.2\none\ntwo\nthree\nbye\n");
}

/* Serves two connections of a client. */
static avow_value_t repeat_twice(void *place) {
  AVOW_TRY(repeat_all(place));
  drop(&ends[1]);
  AVOW_TRY(repeat_all(place));
  const int resumed = SSL_session_reused(avow_tls_ssl(&ends[1]));
  return resumed ? avow_none() : avow_error(UV_EPROTO);
}

static void node_client_resumes_its_session(void **state) {
  const char *const printed = "one\nbye\none\nbye\nresumed: true\n";
  assert_prints("resume", "TLSv1.3", "echo", repeat_twice, 0, printed);
  assert_prints("resume", "TLSv1.2", "echo", repeat_twice, 0, printed);
}

static void truncation_by_a_node_client_is_detected(void **state) {
  assert_prints("client", "TLSv1.3", "echo", have_it_cut, AVOW_TLS_ETRUNCATED,
                "echo TLSv1.3\ncut\n");
  assert_prints("client", "TLSv1.2", "echo", have_it_cut, AVOW_TLS_ETRUNCATED,
                "echo TLSv1.2\ncut\n");
}

static void node_client_without_a_common_protocol_is_alerted(void **state) {
  assert_prints("client", "TLSv1.3", "nonsense", repeat_all, AVOW_TLS_EPROTOCOL,
                "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL\n");
}

#define NODE_CASE(f) \
  cmocka_unit_test_setup_teardown(f, node_setup, others_teardown)

SUITE(tls_node) {
  const struct CMUnitTest tests[] = {
    NODE_CASE(client_works_with_a_node_server),
    NODE_CASE(server_works_with_a_node_client),
    NODE_CASE(node_client_resumes_its_session),
    NODE_CASE(truncation_by_a_node_client_is_detected),
    NODE_CASE(node_client_without_a_common_protocol_is_alerted),
  };
  harness_init();
  return cmocka_run_group_tests(tests, make_all_papers, free_all_papers);
}
