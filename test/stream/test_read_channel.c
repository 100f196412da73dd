/* SPDX-License-Identifier: MIT */
/* The data of a stream as a channel. */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

static avow_channel_t *channel;

static int set_up(void **state) {
  channel = NULL;
  return peer_setup_pipe(state);
}

static int tear_down(void **state) {
  avow_channel_unref(channel);
  return peer_teardown(state);
}

static void start(size_t max, size_t room) {
  channel = avow_chunks(avow_uv_stream(stream), max, room);
}

static void assert_next(const char *text) {
  const avow_value_t v = avow_run(avow_channel_next(channel));
  size_t len;
  assert_string_equal(avow_error_message(&v), "no error");
  assert_string_equal(avow_to_bytes(&v, &len), text);
  assert_int_equal(len, strlen(text));
  avow_value_unref(v);
}

static void assert_next_says(int code, const char *message) {
  const avow_value_t v = avow_run(avow_channel_next(channel));
  assert_string_equal(avow_err_name(avow_error_code(&v)), avow_err_name(code));
  assert_string_equal(avow_error_message(&v), message);
  avow_value_unref(v);
}

static void chunks_are_received_until_the_end(void **state) {
  start(4, 2);
  say("hello world");
  hang_up();

  assert_next("hell");
  assert_next("o wo");
  assert_next("rld");
  assert_fulfills_none(avow_channel_next(channel));
  assert_fulfills_none(avow_channel_next(channel));
}

static void full_channel_stops_reading(void **state) {
  start(1, 2);
  say("abcd");
  turn();
  turn();
  assert_false(reads());
  char left[8];
  uv_os_fd_t fd;
  assert_int_equal(uv_fileno((uv_handle_t *) stream, &fd), 0);
  assert_int_equal(recv(fd, left, sizeof(left), MSG_PEEK), 2);

  assert_next("a");

  assert_true(reads());
}

static void capacity_0_reads_only_for_a_receiver(void **state) {
  start(10, 0);
  assert_false(reads());
  say("hello");

  assert_next("hello");

  assert_false(reads());
}

static void continuous_receives_do_not_stop_reading(void **state) {
  start(10, 1);
  for (int i = 0; i < 10; i++) {
    say("x");
    assert_next("x");
    assert_true(reads());
  }
}

static void closing_the_stream_fails_the_channel(void **state) {
  start(10, 1);
  avow_promise_t *p = avow_channel_next(channel);

  assert_fulfills_none(avow_close_handle((uv_handle_t *) stream));

  assert_rejects(p, UV_ECANCELED);
  assert_next_says(UV_ECANCELED, "read: operation canceled");
}

static void closed_channel_leaves_the_rest_to_other_reads(void **state) {
  start(1, 1);
  say("ab");
  turn();
  avow_channel_close(channel);
  assert_false(reads());

  const avow_value_t v = avow_run(avow_read(avow_uv_stream(stream), 10));

  assert_string_equal(avow_to_bytes(&v, NULL), "b");
  avow_value_unref(v);
}

static void closing_a_waiting_channel_stops_reading(void **state) {
  start(10, 1);
  turn();
  assert_true(reads());

  avow_channel_close(channel);

  assert_false(reads());
}

static void failed_read_fails_the_channel(void **state) {
  start(10, 1);
  assert_fulfills_int(avow_write(avow_uv_stream(stream), avow_string("unread")),
                      6);
  hang_up();

  assert_next_says(UV_ECONNRESET, "read: connection reset by peer");
}

static void second_reader_is_refused(void **state) {
  avow_promise_t *read = avow_read(avow_uv_stream(stream), 10);
  start(10, 1);
  assert_next_says(UV_EALREADY, "read: already in progress");
  avow_channel_unref(channel);
  avow_cancel(read);
  avow_unref(read);

  start(10, 1);
  assert_rejects(avow_read(avow_uv_stream(stream), 10), UV_EALREADY);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  static char memory[10];
  *buf = uv_buf_init(memory, sizeof(memory));
}

static void on_read(uv_stream_t *from, ssize_t nread, const uv_buf_t *buf) {
  note("read");
}

static void reading_by_the_program_continues(void **state) {
  assert_int_equal(uv_read_start(stream, on_alloc, on_read), 0);
  start(10, 1);

  assert_next_says(UV_EALREADY, "read: already in progress");
  say("x");
  turn();

  assert_notes("read");
}

static void chunks_of_0_bytes_are_refused(void **state) {
  start(0, 1);

  assert_next_says(UV_EINVAL, "read: invalid argument");
}

static avow_value_t chunks_cb(const avow_value_t *arg, void *data) {
  start(10, 1);
  return avow_follow(avow_channel_next(channel));
}

static void read_handler_may_continue_with_chunks(void **state) {
  say("head body");

  const avow_value_t v = avow_run(
      avow_then(avow_read(avow_uv_stream(stream), 5), chunks_cb, NULL, NULL));

  assert_string_equal(avow_to_bytes(&v, NULL), "body");
  avow_value_unref(v);
}

static void loop_close_stops_reading(void **state) {
  start(10, 1);
  say("x");

  assert_int_equal(avow_loop_close(loop), 0);

  assert_false(reads());
  avow_channel_unref(channel);
  channel = NULL;
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static bool fails_well(void **state, long nth, bool from_then_on) {
  assert_int_equal(tear_down(state), 0);
  assert_int_equal(set_up(state), 0);
  fail_allocation(nth, from_then_on);
  say("x");
  start(10, 1);
  const avow_value_t v = avow_run(avow_channel_next(channel));
  const bool failed = allocation_failed();
  fail_allocation(0, false);
  if (!failed)
    assert_string_equal(avow_to_bytes(&v, NULL), "x");
  else
    assert_true(v.tag == AVOW_BYTES || avow_error_code(&v) == UV_ENOMEM);
  avow_value_unref(v);
  return failed;
}

static void chunks_survive_failing_memory(void **state) {
  for (int on = 0; on < 2; on++)
    for (long nth = 1; fails_well(state, nth, on != 0); nth++)
      assert_true(nth < 100);
}

#define CHUNKS(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(read_channel) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    CHUNKS(chunks_are_received_until_the_end),
    CHUNKS(full_channel_stops_reading),
    CHUNKS(capacity_0_reads_only_for_a_receiver),
    CHUNKS(continuous_receives_do_not_stop_reading),
    CHUNKS(closing_the_stream_fails_the_channel),
    CHUNKS(closed_channel_leaves_the_rest_to_other_reads),
    CHUNKS(closing_a_waiting_channel_stops_reading),
    CHUNKS(failed_read_fails_the_channel),
    CHUNKS(second_reader_is_refused),
    CHUNKS(reading_by_the_program_continues),
    CHUNKS(chunks_of_0_bytes_are_refused),
    CHUNKS(read_handler_may_continue_with_chunks),
    CHUNKS(loop_close_stops_reading),
    CHUNKS(chunks_survive_failing_memory),
  };
  return RUN(tests);
}
