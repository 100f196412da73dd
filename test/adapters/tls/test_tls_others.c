/* SPDX-License-Identifier: MIT */
/* TLS with the program openssl over loopback, in both roles. */
#include <stdio.h>

#include "others.h"

/* Echoes one message, and waits for the end of the peer. */
static avow_value_t answer(void *place) {
  AVOW_TRY(welcome(place));
  const avow_value_t asked = avow_await(avow_read(server(), 100));
  AVOW_TRY(avow_await(avow_write(server(), asked)));
  AVOW_TRY(avow_await(avow_shutdown(server())));
  return avow_await(avow_read_all(server(), 100));
}

/* The client sends "hello" and prints what it receives. It stores its session
   in a file or resumes that session. */
static void assert_heard_by_others(const char *version, const char *session,
                                   int resumes) {
  place_t place = open_place();
  char address[40];
  (void) snprintf(address, sizeof(address), "127.0.0.1:%s", place.port);
  const char *args[] = { "openssl",
                         "s_client",
                         "-quiet",
                         "-connect",
                         address,
                         version,
                         session,
                         "session",
                         "-CAfile",
                         "authority",
                         "-servername",
                         "localhost",
                         "-verify_return_error",
                         "-verify_hostname",
                         "localhost",
                         NULL };
  avow_promise_t *p = avow_async(loop, answer, &place);
  const avow_value_t v = output_of(args, "hello\n");
  const avow_output_t *output = avow_to_output(&v);
  assert_string_equal(avow_to_bytes(&output->out, NULL), "hello\n");
  assert_int_equal(SSL_session_reused(avow_tls_ssl(&ends[1])), resumes);
  avow_cancel(p); /* it waits for further data */
  avow_ignore(avow_run(p));
  avow_value_unref(v);
  drop(&ends[1]);
  close_place(&place);
}

static void server_works_with_openssl_s_client(void **state) {
  need_program("openssl");
  assert_heard_by_others("-tls1_3", "-sess_out", 0);
  assert_heard_by_others("-tls1_3", "-sess_in", 1);
  assert_heard_by_others("-tls1_2", "-sess_out", 0);
  assert_heard_by_others("-tls1_2", "-sess_in", 1);
}

/* The server reverses lines, and resumes the session of the client. */
static void assert_answered_by_others(const char *version) {
  const char *args[] = { "openssl", "s_server", "-accept",     "127.0.0.1:0",
                         "-rev",    "-cert",    "certificate", "-key",
                         "key",     version,    NULL };
  char port[8];
  const avow_value_t process = start_others(args, port);
  for (int resumes = 0; resumes < 2; resumes++) {
    meet_others(port);
    assert_int_equal(SSL_session_reused(avow_tls_ssl(&ends[0])), resumes);
    avow_unref(avow_write(client(), avow_string("hello\n")));
    assert_fulfills_bytes(avow_read(client(), 100), "olleh\n");
    assert_fulfills_none(avow_close(client()));
    drop(&ends[0]);
  }
  avow_value_unref(process);
}

static void client_works_with_openssl_s_server(void **state) {
  need_program("openssl");
  assert_answered_by_others("-tls1_3");
  drop(&settings[0]); /* it holds a session of the first server */
  settings[0] = settings_of(NULL, &authority);
  assert_answered_by_others("-tls1_2");
}

/* Connects two TLS streams of avow over TCP. */
static void speak_over_tcp(void) {
  place_t place = open_place();
  below[0] = avow_run(avow_connect(loop, "127.0.0.1", place.port));
  below[1] = avow_run(avow_channel_next(place.connections));
  close_place(&place);
  greet_both();
}

/* Data that no caller reads is not received, and does not keep the loop
   alive. */
static void idle_connections_do_not_keep_the_loop_alive(void **state) {
  speak_over_tcp();
  avow_promise_t *p = avow_read(server(), 100);
  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_cancel(p);
  avow_unref(p);
  run();
  avow_unref(avow_write(client(), avow_string("later")));
  assert_fulfills_bytes(avow_read(server(), 100), "later");
}

/* TCP does not report that the peer has closed. A write fails later. */
static void write_to_a_closed_peer_rejects(void **state) {
  speak_over_tcp();
  drop(&ends[1]);
  int code = 0;
  for (int i = 0; i < 1000 && code == 0; i++) {
    const avow_value_t v = avow_run(avow_write(client(), avow_string("x")));
    code = avow_error_code(&v);
    avow_value_unref(v);
  }
  assert_true(code == UV_EPIPE || code == UV_ECONNRESET);
  assert_rejects(avow_write(client(), avow_string("x")), code);
}

SUITE(tls_others) {
  const struct CMUnitTest tests[] = {
    OTHERS_CASE(server_works_with_openssl_s_client),
    OTHERS_CASE(client_works_with_openssl_s_server),
    OTHERS_CASE(idle_connections_do_not_keep_the_loop_alive),
    OTHERS_CASE(write_to_a_closed_peer_rejects),
  };
  harness_init();
  return cmocka_run_group_tests(tests, make_all_papers, free_all_papers);
}
