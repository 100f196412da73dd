/* SPDX-License-Identifier: MIT */
/*
 * Peers that reset the connection after their last data. A reader gets that
 * error after the data, and never an end of input in its place.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

static avow_stream_t here(void) {
  return avow_uv_stream(stream);
}

static void reset(void) {
  const struct linger at_once = { .l_onoff = 1 };
  assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once,
                              sizeof(at_once)),
                   0);
  hang_up();
}

/* The loop finds the data and the reset together. */
static void say_and_reset(const char *text) {
  turn();
  say(text);
  reset();
  turn();
}

static void reset_rejects_read_all(void **state) {
  avow_promise_t *p = avow_read_all(here(), 100);
  say_and_reset("transfer 100");
  assert_says(p, UV_ECONNRESET, "read: connection reset by peer");
}

static void reset_rejects_read_into(void **state) {
  char bytes[100];
  avow_promise_t *p = avow_read_into(here(), bytes, 100, 100);
  say_and_reset("transfer 100");
  assert_rejects(p, UV_ECONNRESET);
}

/* The earlier data is read. */
static void reset_rejects_the_read_after_the_data(void **state) {
  avow_promise_t *p = avow_read(here(), 100);
  say_and_reset("transfer 100");
  assert_fulfills_bytes(p, "transfer 100");
  assert_rejects(avow_read(here(), 100), UV_ECONNRESET);
}

static void reset_rejects_an_incomplete_line(void **state) {
  avow_reader_t *reader = avow_reader_new(here());
  say("one\n");
  assert_fulfills_bytes(avow_reader_line(reader, 100), "one");
  avow_promise_t *p = avow_reader_line(reader, 100);
  say_and_reset("transfer 100");
  assert_rejects(p, UV_ECONNRESET);
  assert_says(avow_reader_line(reader, 100), UV_ECONNRESET,
              "read: connection reset by peer");
  assert_fulfills_bytes(avow_reader_next(reader, 100), "transfer 100");
  assert_rejects(avow_reader_next(reader, 100), UV_ECONNRESET);
  avow_reader_unref(reader);
}

static void reset_rejects_reader_all(void **state) {
  avow_reader_t *reader = avow_reader_new(here());
  avow_promise_t *p = avow_reader_all(reader, 100);
  say_and_reset("transfer 100");
  assert_rejects(p, UV_ECONNRESET);
  avow_reader_unref(reader);
}

static void reset_fails_the_chunks_channel(void **state) {
  avow_channel_t *chunks = avow_chunks(here(), 100, 4);
  avow_promise_t *p = avow_channel_next(chunks);
  say_and_reset("transfer 100");
  assert_fulfills_bytes(p, "transfer 100");
  assert_rejects(avow_channel_next(chunks), UV_ECONNRESET);
  avow_channel_unref(chunks);
}

/* Pumps to a socket of a pair. The other socket receives no end of input. */
static void failed_pump_does_not_shut_down_its_sink(void **state) {
  uv_pipe_t to;
  int fds[2];
  char heard[100];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  (void) uv_pipe_init(loop, &to, 0); /* cannot fail */
  assert_int_equal(uv_pipe_open(&to, fds[0]), 0);
  const avow_stream_t sink = avow_uv_stream((uv_stream_t *) &to);

  avow_promise_t *p = avow_pump(here(), sink, NULL);
  say_and_reset("transfer 100");

  assert_says(p, UV_ECONNRESET, "read: connection reset by peer");
  assert_fulfills_int(avow_write(sink, avow_string("!")), 1);
  assert_int_equal(read(fds[1], heard, sizeof(heard)), 13);
  assert_fulfills_none(avow_close(sink));
  (void) close(fds[1]);
}

static void reset_rejects_pump_with_keep_open(void **state) {
  const avow_pump_options_t options = { .keep_open = true };
  avow_value_t pair = avow_duplex(loop, 100, NULL);
  const avow_stream_t sink = avow_to_stream(avow_list_at(&pair, 0));
  avow_promise_t *p = avow_pump(here(), sink, &options);
  say_and_reset("transfer 100");
  assert_rejects(p, UV_ECONNRESET);
  avow_value_unref(pair);
}

/* An end of input that was reported stays one, even if the peer then resets the
   connection because of an answer. */
static void reset_after_the_end_of_input_is_no_error(void **state) {
  say("transfer 100");
  hang_up();
  turn();
  assert_fulfills_int(avow_write(here(), avow_string("answer")), 6);
  avow_promise_t *p = avow_read_all(here(), 100);
  turn();
  assert_fulfills_bytes(p, "transfer 100");
}

#define TCP(f) cmocka_unit_test_setup_teardown(f, peer_setup_tcp, peer_teardown)

SUITE(eof_error) {
  const struct CMUnitTest tests[] = {
    TCP(reset_rejects_read_all),
    TCP(reset_rejects_read_into),
    TCP(reset_rejects_the_read_after_the_data),
    TCP(reset_rejects_an_incomplete_line),
    TCP(reset_rejects_reader_all),
    TCP(reset_fails_the_chunks_channel),
    TCP(failed_pump_does_not_shut_down_its_sink),
    TCP(reset_rejects_pump_with_keep_open),
    TCP(reset_after_the_end_of_input_is_no_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
