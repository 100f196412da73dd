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

static void all_that_is_read_rejects(void **state) {
  avow_promise_t *p = avow_read_all(here(), 100);
  say_and_reset("transfer 100");
  assert_says(p, UV_ECONNRESET, "read: connection reset by peer");
}

static void so_does_what_is_to_be_of_a_length(void **state) {
  char bytes[100];
  avow_promise_t *p = avow_read_into(here(), bytes, 100, 100);
  say_and_reset("transfer 100");
  assert_rejects(p, UV_ECONNRESET);
}

/* The earlier data is read. */
static void so_does_the_next_read(void **state) {
  avow_promise_t *p = avow_read(here(), 100);
  say_and_reset("transfer 100");
  assert_fulfils_bytes(p, "transfer 100");
  assert_rejects(avow_read(here(), 100), UV_ECONNRESET);
}

static void line_that_is_cut_off_is_none(void **state) {
  avow_reader_t *reader = avow_reader_new(here());
  say("one\n");
  assert_fulfils_bytes(avow_reader_line(reader, 100), "one");
  avow_promise_t *p = avow_reader_line(reader, 100);
  say_and_reset("transfer 100");
  assert_rejects(p, UV_ECONNRESET);
  assert_says(avow_reader_line(reader, 100), UV_ECONNRESET,
              "read: connection reset by peer");
  assert_fulfils_bytes(avow_reader_next(reader, 100), "transfer 100");
  assert_rejects(avow_reader_next(reader, 100), UV_ECONNRESET);
  avow_reader_unref(reader);
}

static void nor_is_that_all_of_a_reader(void **state) {
  avow_reader_t *reader = avow_reader_new(here());
  avow_promise_t *p = avow_reader_all(reader, 100);
  say_and_reset("transfer 100");
  assert_rejects(p, UV_ECONNRESET);
  avow_reader_unref(reader);
}

static void chunks_fail(void **state) {
  avow_channel_t *chunks = avow_chunks(here(), 100, 4);
  avow_promise_t *p = avow_channel_next(chunks);
  say_and_reset("transfer 100");
  assert_fulfils_bytes(p, "transfer 100");
  assert_rejects(avow_channel_next(chunks), UV_ECONNRESET);
  avow_channel_unref(chunks);
}

/* Pumps to a socket of a pair. The other socket receives no end of input. */
static void pump_shuts_nothing(void **state) {
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
  assert_fulfils_int(avow_write(sink, avow_string("!")), 1);
  assert_int_equal(read(fds[1], heard, sizeof(heard)), 13);
  assert_fulfils_none(avow_close(sink));
  (void) close(fds[1]);
}

static void pump_that_keeps_it_open_rejects_too(void **state) {
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
static void end_that_was_said_stays_one(void **state) {
  say("transfer 100");
  hang_up();
  turn();
  assert_fulfils_int(avow_write(here(), avow_string("answer")), 6);
  avow_promise_t *p = avow_read_all(here(), 100);
  turn();
  assert_fulfils_bytes(p, "transfer 100");
}

#define TCP(f) cmocka_unit_test_setup_teardown(f, peer_setup_tcp, peer_teardown)

SUITE(eof_error) {
  const struct CMUnitTest tests[] = {
    TCP(all_that_is_read_rejects),    TCP(so_does_what_is_to_be_of_a_length),
    TCP(so_does_the_next_read),       TCP(line_that_is_cut_off_is_none),
    TCP(nor_is_that_all_of_a_reader), TCP(chunks_fail),
    TCP(pump_shuts_nothing),          TCP(pump_that_keeps_it_open_rejects_too),
    TCP(end_that_was_said_stays_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
