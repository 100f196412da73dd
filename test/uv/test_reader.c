/* SPDX-License-Identifier: MIT */
/* Reading in pieces. */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pieces.h"

static void assert_ends_with(avow_promise_t *p, const char *rest,
                             const char *message) {
  const avow_value_t v = avow_run(p);
  assert_int_equal(avow_error_code(&v), UV_EOF);
  assert_string_equal(avow_error_message(&v), message);
  assert_string_equal(avow_to_bytes(avow_error_cause(&v), NULL), rest);
  avow_value_unref(v);
}

static avow_promise_t *until(const char *delimiter) {
  return avow_reader_until(reader, avow_string(delimiter), 100);
}

static void lines_are_read_one_by_one(void **state) {
  say("one\ntwo\r\n\n\rthree\r");
  assert_fulfills_bytes(line(), "one");
  assert_fulfills_bytes(line(), "two");
  assert_fulfills_bytes(line(), "");
  avow_promise_t *p = line();
  turn();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  say("\nlast");
  hang_up();

  assert_fulfills_bytes(p, "\rthree");
  assert_fulfills_bytes(line(), "last");
  assert_fulfills_none(line());
  assert_fulfills_none(line());
}

/* Notes each line until the line "end". */
static avow_value_t note_line(const avow_value_t *v, void *data) {
  note(avow_to_bytes(v, NULL));
  return strcmp(avow_to_bytes(v, NULL), "end") == 0 ? avow_int(1) : avow_none();
}

static avow_value_t next_line(void *from) {
  return avow_follow(
      avow_then(avow_reader_line(from, 100), note_line, NULL, NULL));
}

/* Both streams have data when the loop polls. */
static void lines_of_one_read_precede_those_of_another_read(void **state) {
  int fds[2];
  uv_pipe_t pipe;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  assert_int_equal(uv_pipe_init(loop, &pipe, 0), 0);
  assert_int_equal(uv_pipe_open(&pipe, fds[0]), 0);
  avow_reader_t *other = avow_reader_new(avow_uv_stream((uv_stream_t *) &pipe));
  avow_promise_t *p = avow_repeat(loop, next_line, reader);
  avow_promise_t *q = avow_repeat(loop, next_line, other);
  turn();

  say("a1\na2\na3\nend\n");
  assert_int_equal(write(fds[1], "b1\nb2\nb3\nend\n", 13), 13);
  turn();

  assert_notes("a1 a2 a3 end b1 b2 b3 end");
  assert_fulfills_int(p, 1);
  assert_fulfills_int(q, 1);
  avow_reader_unref(other);
  uv_close((uv_handle_t *) &pipe, NULL);
  turn(); /* the stream is closed */
  (void) close(fds[1]);
}

static void line_may_arrive_in_parts(void **state) {
  avow_promise_t *p = line();
  const char *parts[] = { "a", "b", "cd\r", "\n", "e" };
  for (size_t i = 0; i < 5; i++) {
    say(parts[i]);
    turn();
  }

  assert_fulfills_bytes(p, "abcd");
}

static void buffered_line_fulfills_at_once(void **state) {
  say("one\ntwo\n");
  assert_fulfills_bytes(line(), "one");

  avow_promise_t *p = line();

  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  assert_fulfills_bytes(p, "two");
}

static void line_may_be_as_long_as_the_limit(void **state) {
  say("abc\r\nabc\nabcd\n");

  assert_fulfills_bytes(avow_reader_line(reader, 3), "abc");
  assert_fulfills_bytes(avow_reader_line(reader, 3), "abc");
  assert_rejects(avow_reader_line(reader, 3), UV_EMSGSIZE);
  assert_fulfills_bytes(avow_reader_line(reader, 4), "abcd");
}

static void long_line_without_an_end_is_refused(void **state) {
  say("abcd");

  const avow_value_t v = avow_run(avow_reader_line(reader, 3));

  assert_string_equal(avow_error_message(&v), "read: more than 3 bytes");
  avow_value_unref(v);
  hang_up();
  assert_rejects(avow_reader_line(reader, 3), UV_EMSGSIZE);
  assert_fulfills_bytes(avow_reader_line(reader, SIZE_MAX), "abcd");
}

static void line_of_the_limit_waits_for_its_end(void **state) {
  say("abc\r");
  avow_promise_t *p = avow_reader_line(reader, 3);
  turn();
  assert_int_equal(avow_state(p), AVOW_PENDING); /* it may be "abc\r\n" */

  say("\n");

  assert_fulfills_bytes(p, "abc");
}

static void carriage_return_is_part_of_a_longer_line(void **state) {
  say("abc\rd");

  assert_rejects(avow_reader_line(reader, 3), UV_EMSGSIZE);
}

static void long_last_line_is_refused(void **state) {
  say("abcd");
  hang_up();

  assert_rejects(avow_reader_line(reader, 3), UV_EMSGSIZE);
  assert_fulfills_bytes(avow_reader_line(reader, 4), "abcd");
}

static void until_consumes_the_delimiter(void **state) {
  say("head\r\n\r\nbo--dy--");

  assert_fulfills_bytes(until("\r\n\r\n"), "head");
  assert_fulfills_bytes(until("--"), "bo");
  assert_fulfills_bytes(until("--"), "dy");
}

static void delimiter_may_arrive_in_parts(void **state) {
  avow_promise_t *p = until("aab");
  const char *parts[] = { "xa", "a", "a", "a", "b", "y" };
  for (size_t i = 0; i < 6; i++) {
    say(parts[i]);
    turn();
  }

  assert_fulfills_bytes(p, "xaa");
  assert_fulfills_bytes(avow_reader_next(reader, 100), "y");
}

static void delimiter_may_hold_any_byte(void **state) {
  assert_int_equal(write(peer, "a\0b\0", 4), 4);

  assert_fulfills_bytes(avow_reader_until(reader, avow_bytes("\0", 1), 10),
                        "a");
  assert_fulfills_bytes(avow_reader_until(reader, avow_bytes("\0", 1), 10),
                        "b");
}

static void end_without_delimiter_rejects_with_the_rest(void **state) {
  say("rest");
  hang_up();

  assert_ends_with(until("\n"), "rest", "read: end of file after 4 bytes");
  assert_fulfills_none(until("\n"));
}

static void data_above_the_limit_stays_buffered(void **state) {
  say("abcdef;");

  assert_rejects(avow_reader_until(reader, avow_string(";"), 5), UV_EMSGSIZE);
  assert_fulfills_bytes(avow_reader_until(reader, avow_string(";"), 6),
                        "abcdef");
  say("abcdef");
  assert_rejects(avow_reader_until(reader, avow_string(";"), 5), UV_EMSGSIZE);
}

static void delimiter_must_be_bytes(void **state) {
  assert_rejects(until(""), UV_EINVAL);
  assert_rejects(avow_reader_until(reader, avow_int(1), 5), UV_EINVAL);
  assert_rejects(avow_reader_until(reader, avow_error(UV_ENOMEM), 5),
                 UV_ENOMEM);
}

static void exactly_gives_the_requested_length(void **state) {
  avow_promise_t *p = exactly(6);
  say("abcd");
  turn();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  say("efgh");
  hang_up();

  assert_fulfills_bytes(p, "abcdef");
  assert_fulfills_bytes(exactly(0), "");
  assert_fulfills_bytes(exactly(2), "gh");
  assert_fulfills_bytes(exactly(0), "");
  assert_fulfills_none(exactly(1));
}

static void end_within_exactly_rejects_with_the_rest(void **state) {
  say("abc");
  hang_up();

  assert_ends_with(exactly(4), "abc", "read: end of file after 3 bytes");
  assert_fulfills_none(exactly(4));
}

static void next_gives_available_bytes(void **state) {
  say("line\nrest");
  assert_fulfills_bytes(line(), "line");

  assert_fulfills_bytes(avow_reader_next(reader, 2), "re");
  assert_fulfills_bytes(avow_reader_next(reader, 100), "st");
  avow_promise_t *p = avow_reader_next(reader, 3);
  say("more");
  assert_fulfills_bytes(p, "mor");
  hang_up();
  assert_fulfills_bytes(avow_reader_next(reader, 3), "e");
  assert_fulfills_none(avow_reader_next(reader, 3));
  assert_rejects(avow_reader_next(reader, 0), UV_EINVAL);
}

static void canceled_line_loses_no_data(void **state) {
  avow_promise_t *p = line();
  say("ab");
  turn();

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  turn();

  say("cd\n");
  assert_fulfills_bytes(line(), "abcd");
}

static void line_canceled_at_once_reads_nothing(void **state) {
  avow_promise_t *p = line();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  say("x\n");
  assert_fulfills_bytes(line(), "x");
}

static void second_request_rejects_while_one_is_pending(void **state) {
  avow_promise_t *p = line();

  assert_rejects(exactly(1), UV_EALREADY);
  assert_rejects(until("x"), UV_EALREADY);

  say("x\n");
  assert_fulfills_bytes(p, "x");
}

static void failed_read_rejects_and_keeps_received_bytes(void **state) {
  say("abc");
  avow_promise_t *p = exactly(4);
  turn();
  assert_fulfills_int(avow_write(avow_uv_stream(stream), avow_string("unread")),
                      6);
  hang_up();

  assert_rejects(p, UV_ECONNRESET);
  assert_fulfills_bytes(exactly(3), "abc");
}

static void closing_the_stream_rejects_requests(void **state) {
  avow_promise_t *p = line();
  turn();

  assert_fulfills_none(avow_close_handle((uv_handle_t *) stream));

  assert_rejects(p, UV_ECANCELED);
  assert_rejects(line(), UV_EINVAL);
}

static void pending_request_keeps_the_reader_alive(void **state) {
  avow_promise_t *p = line();
  avow_reader_t *gone = reader;
  reader = NULL;
  avow_reader_unref(gone);

  say("x\n");

  assert_fulfills_bytes(p, "x");
}

static void all_gives_the_rest_of_the_stream(void **state) {
  say("one\ntwo");
  assert_fulfills_bytes(line(), "one");
  avow_promise_t *p = avow_reader_all(reader, 8);
  turn();
  say("more ");
  turn();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  hang_up();

  assert_fulfills_bytes(p, "twomore ");
  assert_fulfills_bytes(avow_reader_all(reader, 0), "");
  assert_fulfills_none(line());
}

static void stream_above_the_limit_stays_buffered(void **state) {
  say("hello");

  assert_says(avow_reader_all(reader, 4), UV_EMSGSIZE,
              "read: more than 4 bytes");

  hang_up();
  assert_fulfills_bytes(avow_reader_all(reader, 5), "hello");
}

SUITE(reader) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    READER(lines_are_read_one_by_one),
    READER(all_gives_the_rest_of_the_stream),
    READER(stream_above_the_limit_stays_buffered),
    READER(lines_of_one_read_precede_those_of_another_read),
    READER(line_may_arrive_in_parts),
    READER(buffered_line_fulfills_at_once),
    READER(line_may_be_as_long_as_the_limit),
    READER(long_line_without_an_end_is_refused),
    READER(line_of_the_limit_waits_for_its_end),
    READER(carriage_return_is_part_of_a_longer_line),
    READER(long_last_line_is_refused),
    READER(until_consumes_the_delimiter),
    READER(delimiter_may_arrive_in_parts),
    READER(delimiter_may_hold_any_byte),
    READER(end_without_delimiter_rejects_with_the_rest),
    READER(data_above_the_limit_stays_buffered),
    READER(delimiter_must_be_bytes),
    READER(exactly_gives_the_requested_length),
    READER(end_within_exactly_rejects_with_the_rest),
    READER(next_gives_available_bytes),
    READER(canceled_line_loses_no_data),
    READER(line_canceled_at_once_reads_nothing),
    READER(second_request_rejects_while_one_is_pending),
    READER(failed_read_rejects_and_keeps_received_bytes),
    READER(closing_the_stream_rejects_requests),
    READER(pending_request_keeps_the_reader_alive),
  };
  return RUN(tests);
}
