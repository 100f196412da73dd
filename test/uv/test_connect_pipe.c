/* SPDX-License-Identifier: MIT */
/* Connecting to names of Unix domain sockets. */
#include <stdio.h>
#include <unistd.h>

#include "harness.h"

static uv_pipe_t ours, listener, accepted;
static char path[64];

static void on_connection(uv_stream_t *server, int status) {
  note("connection");
  if (accepted.loop != NULL || status != 0)
    return;
  (void) uv_pipe_init(loop, &accepted, 0);
  (void) uv_accept(server, (uv_stream_t *) &accepted);
}

static int set_up(void **state) {
  char folder[40];
  size_t size = sizeof(folder);
  memset(&accepted, 0, sizeof(accepted));
  if (harness_setup(state) != 0 || uv_os_tmpdir(folder, &size) != 0)
    return -1;
  (void) snprintf(path, sizeof(path), "%s/avow-pipe-%d", folder,
                  (int) getpid()); /* fits */
  (void) uv_pipe_init(loop, &listener, 0);
  (void) uv_pipe_init(loop, &ours, 0);
  (void) unlink(path);
  if (uv_pipe_bind(&listener, path) != 0)
    return -1;
  return uv_listen((uv_stream_t *) &listener, 16, on_connection);
}

static void close_if_open(uv_pipe_t *pipe) {
  if (pipe->loop != NULL && !uv_is_closing((uv_handle_t *) pipe))
    uv_close((uv_handle_t *) pipe, NULL);
}

static int tear_down(void **state) {
  close_if_open(&ours);
  close_if_open(&listener);
  close_if_open(&accepted);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the handles are closed */
  return harness_teardown(state);
}

static avow_promise_t *start(void) {
  return avow_pipe_connect(&ours, path);
}

static void assert_connect_says(avow_promise_t *p, int code, const char *text) {
  char message[1200];
  (void) snprintf(message, sizeof(message), "connect %s", text);
  const avow_value_t v = avow_run(p);
  assert_string_equal(avow_err_name(avow_error_code(&v)), avow_err_name(code));
  assert_string_equal(avow_error_message(&v), message);
  avow_value_unref(v);
}

static void connected_pipes_exchange_data(void **state) {
  assert_fulfills_none(start());

  assert_fulfills_int(avow_write(avow_uv_stream((uv_stream_t *) &ours),
                                 avow_string("hi")),
                      2);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the listener keeps it alive */
  const avow_value_t v =
      avow_run(avow_read(avow_uv_stream((uv_stream_t *) &accepted), 100));

  assert_string_equal(avow_to_bytes(&v, NULL), "hi");
  avow_value_unref(v);
  assert_notes("connection");
}

static void connect_copies_the_name(void **state) {
  avow_promise_t *p = start();

  path[0] = 'x';

  assert_fulfills_none(p);
}

static void refusal_names_the_path(void **state) {
  assert_connect_says(avow_pipe_connect(&ours, "/nowhere/at/all"), UV_ENOENT,
                      "'/nowhere/at/all': no such file or directory");
}

static void pipe_connects_after_a_refusal(void **state) {
  assert_rejects(avow_pipe_connect(&ours, "/nowhere/at/all"), UV_ENOENT);

  assert_fulfills_none(start());
}

static void name_that_is_too_long_is_refused(void **state) {
  char name[1001];
  char text[1100];
  memset(name, 'a', sizeof(name) - 1);
  name[sizeof(name) - 1] = '\0';
  (void) snprintf(text, sizeof(text), "'%s': name too long", name);

  assert_connect_says(avow_pipe_connect(&ours, name), UV_ENAMETOOLONG, text);
}

static void connect_rejects_without_a_name(void **state) {
  assert_connect_says(avow_pipe_connect(&ours, NULL), UV_EINVAL,
                      "'NULL': invalid argument");
  assert_connect_says(avow_pipe_connect(&ours, ""), UV_EINVAL,
                      "'': invalid argument");
}

static void second_connect_rejects_and_the_first_continues(void **state) {
  avow_promise_t *p = start();

  assert_rejects(start(), UV_EALREADY);

  assert_fulfills_none(p);
}

static void connect_of_a_connected_pipe_is_refused(void **state) {
  enum { MUCH = 1 << 20 };
  char *bytes;
  const avow_value_t much = avow_bytes_new(MUCH, &bytes);
  memset(bytes, 'x', MUCH);
  assert_fulfills_none(start());
  avow_promise_t *written =
      avow_write(avow_uv_stream((uv_stream_t *) &ours), much);
  assert_int_equal(avow_state(written), AVOW_PENDING);

  assert_rejects(start(), UV_EISCONN);

  assert_int_equal(avow_state(written), AVOW_PENDING);
  assert_fulfills_none(avow_close_handle((uv_handle_t *) &ours));
  assert_rejects(written, UV_ECANCELED);
}

static void connect_rejects_on_a_closing_handle(void **state) {
  uv_close((uv_handle_t *) &ours, NULL);

  assert_rejects(start(), UV_EINVAL);
}

static void close_rejects_a_pending_connect(void **state) {
  avow_promise_t *p = start();

  assert_fulfills_none(avow_close_handle((uv_handle_t *) &ours));

  assert_rejects(p, UV_ECANCELED);
}

static void canceled_connect_still_connects(void **state) {
  avow_promise_t *p = start();

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the listener keeps it alive */

  assert_true(uv_is_writable((uv_stream_t *) &ours));
}

static void loop_close_rejects_a_connect_but_does_not_stop_it(void **state) {
  avow_promise_t *p = start();
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);

  (void) uv_run(loop, UV_RUN_NOWAIT); /* the listener keeps it alive */

  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void connect_survives_failing_memory(void **state) {
  assert_survives_failing_memory(set_up, tear_down, state, start);
}

#define PIPE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(connect_pipe) {
  const struct CMUnitTest tests[] = {
    PIPE(connected_pipes_exchange_data),
    PIPE(connect_copies_the_name),
    PIPE(refusal_names_the_path),
    PIPE(pipe_connects_after_a_refusal),
    PIPE(name_that_is_too_long_is_refused),
    PIPE(connect_rejects_without_a_name),
    PIPE(second_connect_rejects_and_the_first_continues),
    PIPE(connect_of_a_connected_pipe_is_refused),
    PIPE(connect_rejects_on_a_closing_handle),
    PIPE(close_rejects_a_pending_connect),
    PIPE(canceled_connect_still_connects),
    PIPE(loop_close_rejects_a_connect_but_does_not_stop_it),
    PIPE(connect_survives_failing_memory),
  };
  return RUN(tests);
}
