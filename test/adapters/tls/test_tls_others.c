/* Others who speak TLS: the program openssl, over loopback, on both sides. */
#include <signal.h>
#include <stdio.h>

#include "pair.h"

static char folder[64];

static void write_paper(const char *name, const char *text) {
  char path[100];
  (void) snprintf(path, sizeof(path), "%s/%s", folder, name); /* fits */
  avow_promise_t *p = avow_write_file(loop, path, avow_string(text), 0600);
  avow_ignore(avow_run(p));
}

static int others_setup(void **state) {
  if (pair_setup(state) != 0)
    return -1;
  (void) signal(SIGPIPE, SIG_IGN);
  const avow_value_t v =
      avow_run(avow_fs_mkdtemp(loop, "/tmp/avow-tls-XXXXXX"));
  (void) snprintf(folder, sizeof(folder), "%s", avow_to_bytes(&v, NULL));
  avow_value_unref(v);
  write_paper("authority", authority.certificate);
  write_paper("certificate", localhost.certificate);
  write_paper("key", localhost.key);
  return 0;
}

static int others_teardown(void **state) {
  avow_ignore(avow_run(avow_remove_tree(loop, folder)));
  return pair_teardown(state);
}

static void need_others(void) {
  const char *args[] = { "openssl", "version", NULL };
  const avow_command_t command = { .args = args };
  const avow_value_t v = avow_run(avow_command(loop, &command, avow_none()));
  const bool here = !avow_is_error(&v);
  avow_value_unref(v);
  if (!here)
    skip_because("there is no program openssl here");
}

/* An echo for one, which waits for him to end as well. */
static avow_value_t answer(void *connections) {
  const avow_value_t connection = avow_await(avow_channel_next(connections));
  ends[1] = avow_await(avow_tls_server(&settings[1], connection));
  if (avow_is_error(&ends[1]))
    return avow_steal(&ends[1]);
  const avow_value_t asked = avow_await(avow_read(server(), 100));
  AVOW_TRY(avow_await(avow_write(server(), asked)));
  AVOW_TRY(avow_await(avow_shutdown(server())));
  return avow_await(avow_read_all(server(), 100));
}

/* The client's program says hello, and what it hears. */
static void assert_heard_by_others(const char *version) {
  const avow_value_t bound = avow_run(avow_bind(loop, "127.0.0.1", "0"));
  uv_stream_t *listener = avow_stream_handle(avow_to_stream(&bound));
  const avow_address_t at = avow_local_address((uv_handle_t *) listener);
  avow_channel_t *connections = avow_connections(listener, NULL);
  char port[40];
  (void) snprintf(port, sizeof(port), "127.0.0.1:%d", at.port); /* fits */
  const char *args[] = { "openssl",
                         "s_client",
                         "-quiet",
                         "-connect",
                         port,
                         version,
                         "-CAfile",
                         "authority",
                         "-servername",
                         "localhost",
                         "-verify_return_error",
                         "-verify_hostname",
                         "localhost",
                         NULL };
  const avow_command_t command = { .args = args, .cwd = folder };
  avow_promise_t *p = avow_async(loop, answer, connections);
  const avow_value_t v =
      avow_run(avow_command(loop, &command, avow_string("hello\n")));
  const avow_output_t *output = avow_to_output(&v);
  assert_string_equal(avow_to_bytes(&output->out, NULL), "hello\n");
  avow_cancel(p); /* which waits for whether it has more to say */
  avow_ignore(avow_run(p));
  avow_value_unref(v);
  drop(&ends[1]);
  avow_channel_unref(connections);
  avow_value_unref(bound);
}

static void others_are_answered(void **state) {
  need_others();
  assert_heard_by_others("-tls1_3");
  assert_heard_by_others("-tls1_2");
}

/* "ACCEPT 127.0.0.1:4433" */
static int port_in(const avow_value_t *line) {
  const char *colon = strrchr(avow_to_bytes(line, NULL), ':');
  return colon != NULL ? atoi(colon + 1) : 0;
}

static int port_of_others(const avow_value_t *process) {
  const avow_value_t output = avow_process_stream(process, 1);
  avow_reader_t *reader = avow_reader_new(avow_to_stream(&output));
  int port = 0;
  while (port == 0) {
    const avow_value_t line = avow_run(avow_reader_line(reader, 1000));
    assert_int_equal(line.tag, AVOW_BYTES);
    port = port_in(&line);
    avow_value_unref(line);
  }
  avow_reader_unref(reader);
  avow_value_unref(output);
  return port;
}

/* The server's program turns lines round. */
static void assert_answered_by_others(const char *version) {
  const char *args[] = { "openssl", "s_server", "-accept",     "127.0.0.1:0",
                         "-rev",    "-cert",    "certificate", "-key",
                         "key",     version,    NULL };
  const avow_command_t command = { .args = args, .cwd = folder };
  const avow_value_t process = avow_run(avow_command_start(loop, &command));
  char port[8];
  (void) snprintf(port, sizeof(port), "%d", port_of_others(&process));
  const avow_value_t connection =
      avow_run(avow_connect(loop, "127.0.0.1", port));
  ends[0] = avow_run(avow_tls_client(&settings[0], connection, "localhost"));
  assert_int_equal(ends[0].tag, AVOW_OBJECT);
  avow_unref(avow_write(client(), avow_string("hello\n")));
  assert_fulfils_bytes(avow_read(client(), 100), "olleh\n");
  assert_fulfils_none(avow_close(client()));
  drop(&ends[0]);
  avow_value_unref(process);
}

static void others_answer(void **state) {
  need_others();
  assert_answered_by_others("-tls1_3");
  assert_answered_by_others("-tls1_2");
}

/* Both ends are ours, and a connection is between them. */
static void speak_over_tcp(void) {
  const avow_value_t bound = avow_run(avow_bind(loop, "127.0.0.1", "0"));
  uv_stream_t *listener = avow_stream_handle(avow_to_stream(&bound));
  const avow_address_t at = avow_local_address((uv_handle_t *) listener);
  avow_channel_t *connections = avow_connections(listener, NULL);
  char port[8];
  (void) snprintf(port, sizeof(port), "%d", at.port); /* fits */
  below[0] = avow_run(avow_connect(loop, "127.0.0.1", port));
  below[1] = avow_run(avow_channel_next(connections));
  avow_channel_unref(connections);
  avow_value_unref(bound);
  greet_both();
}

/* What nobody waits for is not read, and keeps no loop alive. */
static void idle_connections_let_the_loop_end(void **state) {
  speak_over_tcp();
  avow_promise_t *p = avow_read(server(), 100);
  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_cancel(p);
  avow_unref(p);
  run();
  avow_unref(avow_write(client(), avow_string("later")));
  assert_fulfils_bytes(avow_read(server(), 100), "later");
}

/* Over TCP nobody is told that the peer has left: a write finds out. */
static void peers_that_leave_break_writes(void **state) {
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

#define OTHERS_CASE(f) \
  cmocka_unit_test_setup_teardown(f, others_setup, others_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
    OTHERS_CASE(others_are_answered),
    OTHERS_CASE(others_answer),
    OTHERS_CASE(idle_connections_let_the_loop_end),
    OTHERS_CASE(peers_that_leave_break_writes),
  };
  harness_init();
  return cmocka_run_group_tests(tests, make_all_papers, free_all_papers);
}
