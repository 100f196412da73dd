/* Reading in pieces. */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

enum { LARGE = 3 << 20 };

static avow_reader_t *reader;

static int set_up(void **state) {
  const int err = peer_setup_pipe(state);
  reader = avow_reader_new(avow_uv_stream(stream));
  return err;
}

static int tear_down(void **state) {
  avow_reader_unref(reader);
  return peer_teardown(state);
}

static void assert_ends_with(avow_promise_t *p, const char *rest,
                             const char *message) {
  const avow_value_t v = avow_run(p);
  assert_int_equal(avow_error_code(&v), UV_EOF);
  assert_string_equal(avow_error_message(&v), message);
  assert_string_equal(avow_to_bytes(avow_error_cause(&v), NULL), rest);
  avow_value_unref(v);
}

static avow_promise_t *line(void) {
  return avow_reader_line(reader, 100);
}

static avow_promise_t *until(const char *delimiter) {
  return avow_reader_until(reader, avow_string(delimiter), 100);
}

static avow_promise_t *exactly(size_t n) {
  return avow_reader_exactly(reader, n);
}

static void lines_come_one_by_one(void **state) {
  say("one\ntwo\r\n\n\rthree\r");
  assert_fulfils_bytes(line(), "one");
  assert_fulfils_bytes(line(), "two");
  assert_fulfils_bytes(line(), "");
  avow_promise_t *p = line();
  turn();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  say("\nlast");
  hang_up();

  assert_fulfils_bytes(p, "\rthree");
  assert_fulfils_bytes(line(), "last");
  assert_fulfils_none(line());
  assert_fulfils_none(line());
}

/* Until a line says so. */
static avow_value_t note_line(const avow_value_t *v, void *data) {
  note(avow_to_bytes(v, NULL));
  return strcmp(avow_to_bytes(v, NULL), "end") == 0 ? avow_int(1) : avow_none();
}

static avow_value_t next_line(void *from) {
  return avow_follow(
      avow_then(avow_reader_line(from, 100), note_line, NULL, NULL));
}

/* Both streams have something when the loop looks. */
static void all_lines_of_a_read_come_before_another_read(void **state) {
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
  assert_fulfils_int(p, 1);
  assert_fulfils_int(q, 1);
  avow_reader_unref(other);
  uv_close((uv_handle_t *) &pipe, NULL);
  turn(); /* it is closed */
  (void) close(fds[1]);
}

static void line_comes_in_parts(void **state) {
  avow_promise_t *p = line();
  const char *parts[] = { "a", "b", "cd\r", "\n", "e" };
  for (size_t i = 0; i < 5; i++) {
    say(parts[i]);
    turn();
  }

  assert_fulfils_bytes(p, "abcd");
}

static void what_is_there_is_given_at_once(void **state) {
  say("one\ntwo\n");
  assert_fulfils_bytes(line(), "one");

  avow_promise_t *p = line();

  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  assert_fulfils_bytes(p, "two");
}

static void line_may_be_as_long_as_the_limit(void **state) {
  say("abc\r\nabc\nabcd\n");

  assert_fulfils_bytes(avow_reader_line(reader, 3), "abc");
  assert_fulfils_bytes(avow_reader_line(reader, 3), "abc");
  assert_rejects(avow_reader_line(reader, 3), UV_EMSGSIZE);
  assert_fulfils_bytes(avow_reader_line(reader, 4), "abcd");
}

static void line_without_end_is_refused_in_time(void **state) {
  say("abcd");
  avow_promise_t *p = avow_reader_line(reader, 3);
  turn();
  assert_int_equal(avow_state(p), AVOW_PENDING); /* it could be "abc\r\n" */
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  say("e");

  const avow_value_t v = avow_run(avow_reader_line(reader, 3));

  assert_string_equal(avow_error_message(&v), "read: more than 3 bytes");
  avow_value_unref(v);
  hang_up();
  assert_rejects(avow_reader_line(reader, 3), UV_EMSGSIZE);
  assert_fulfils_bytes(avow_reader_line(reader, SIZE_MAX), "abcde");
}

static void last_line_may_be_too_long(void **state) {
  say("abcd");
  hang_up();

  assert_rejects(avow_reader_line(reader, 3), UV_EMSGSIZE);
  assert_fulfils_bytes(avow_reader_line(reader, 4), "abcd");
}

static void delimiters_are_taken_with_what_comes_before(void **state) {
  say("head\r\n\r\nbo--dy--");

  assert_fulfils_bytes(until("\r\n\r\n"), "head");
  assert_fulfils_bytes(until("--"), "bo");
  assert_fulfils_bytes(until("--"), "dy");
}

static void delimiter_comes_in_parts(void **state) {
  avow_promise_t *p = until("aab");
  const char *parts[] = { "xa", "a", "a", "a", "b", "y" };
  for (size_t i = 0; i < 6; i++) {
    say(parts[i]);
    turn();
  }

  assert_fulfils_bytes(p, "xaa");
  assert_fulfils_bytes(avow_reader_next(reader, 100), "y");
}

static void delimiter_may_hold_any_byte(void **state) {
  assert_int_equal(write(peer, "a\0b\0", 4), 4);

  assert_fulfils_bytes(avow_reader_until(reader, avow_bytes("\0", 1), 10), "a");
  assert_fulfils_bytes(avow_reader_until(reader, avow_bytes("\0", 1), 10), "b");
}

static void end_without_delimiter_gives_the_rest(void **state) {
  say("rest");
  hang_up();

  assert_ends_with(until("\n"), "rest", "read: end of file after 4 bytes");
  assert_fulfils_none(until("\n"));
}

static void what_is_longer_than_the_limit_stays(void **state) {
  say("abcdef;");

  assert_rejects(avow_reader_until(reader, avow_string(";"), 5), UV_EMSGSIZE);
  assert_fulfils_bytes(avow_reader_until(reader, avow_string(";"), 6),
                       "abcdef");
  say("abcdef");
  assert_rejects(avow_reader_until(reader, avow_string(";"), 5), UV_EMSGSIZE);
}

static void delimiter_has_to_be_bytes(void **state) {
  assert_rejects(until(""), UV_EINVAL);
  assert_rejects(avow_reader_until(reader, avow_int(1), 5), UV_EINVAL);
  assert_rejects(avow_reader_until(reader, avow_error(UV_ENOMEM), 5),
                 UV_ENOMEM);
}

static void so_many_bytes_come_exactly(void **state) {
  avow_promise_t *p = exactly(6);
  say("abcd");
  turn();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  say("efgh");
  hang_up();

  assert_fulfils_bytes(p, "abcdef");
  assert_fulfils_bytes(exactly(0), "");
  assert_fulfils_bytes(exactly(2), "gh");
  assert_fulfils_bytes(exactly(0), "");
  assert_fulfils_none(exactly(1));
}

static void end_in_the_middle_gives_the_rest(void **state) {
  say("abc");
  hang_up();

  assert_ends_with(exactly(4), "abc", "read: end of file after 3 bytes");
  assert_fulfils_none(exactly(4));
}

static void write_large(void *data) {
  for (size_t done = 0; done < LARGE;) {
    const ssize_t n = write(peer, (char *) data + done, LARGE - done);
    if (n < 0)
      return;
    done += (size_t) n;
  }
}

static void much_comes_exactly(void **state) {
  char *data = malloc(LARGE);
  uv_thread_t thread;
  for (size_t i = 0; i < LARGE; i++)
    data[i] = (char) (i * 31 + (i >> 8));
  assert_int_equal(uv_thread_create(&thread, write_large, data), 0);

  const avow_value_t head = avow_run(exactly(7));
  const avow_value_t v = avow_run(exactly(LARGE - 7));

  assert_memory_equal(avow_to_bytes(&head, NULL), data, 7);
  assert_memory_equal(avow_to_bytes(&v, NULL), data + 7, LARGE - 7);
  avow_value_unref(head);
  avow_value_unref(v);
  assert_int_equal(uv_thread_join(&thread), 0);
  free(data);
}

/* Reads a line of almost all that is large: this many bytes come after it. */
static void read_large(size_t more) {
  char *data = calloc(1, LARGE);
  data[LARGE - more - 1] = '\n';
  uv_thread_t thread;
  assert_int_equal(uv_thread_create(&thread, write_large, data), 0);
  const avow_value_t v = avow_run(avow_reader_line(reader, LARGE));
  assert_int_equal(v.tag, AVOW_BYTES);
  avow_value_unref(v);
  assert_int_equal(uv_thread_join(&thread), 0);
  free(data);
}

static void room_for_much_is_given_back(void **state) {
  const long before = live_allocations();

  read_large(0);

  assert_int_equal(live_allocations(), before);
}

static void room_for_much_shrinks_to_what_is_left(void **state) {
  read_large(4);
  avow_promise_t *p = exactly(5);
  turn();

  assert_in_range(last_resize(), 1, LARGE / 10);
  say("!");
  const avow_value_t v = avow_run(p);
  assert_memory_equal(avow_to_bytes(&v, NULL), "\0\0\0\0!", 5);
  avow_value_unref(v);
}

static void next_gives_what_is_there(void **state) {
  say("line\nrest");
  assert_fulfils_bytes(line(), "line");

  assert_fulfils_bytes(avow_reader_next(reader, 2), "re");
  assert_fulfils_bytes(avow_reader_next(reader, 100), "st");
  avow_promise_t *p = avow_reader_next(reader, 3);
  say("more");
  assert_fulfils_bytes(p, "mor");
  hang_up();
  assert_fulfils_bytes(avow_reader_next(reader, 3), "e");
  assert_fulfils_none(avow_reader_next(reader, 3));
  assert_rejects(avow_reader_next(reader, 0), UV_EINVAL);
}

static void cancelling_loses_nothing(void **state) {
  avow_promise_t *p = line();
  say("ab");
  turn();

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  turn();

  say("cd\n");
  assert_fulfils_bytes(line(), "abcd");
}

static void reader_cancelled_at_once_reads_nothing(void **state) {
  avow_promise_t *p = line();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  say("x\n");
  assert_fulfils_bytes(line(), "x");
}

static void second_wish_rejects_while_one_is_pending(void **state) {
  avow_promise_t *p = line();

  assert_rejects(exactly(1), UV_EALREADY);
  assert_rejects(until("x"), UV_EALREADY);

  say("x\n");
  assert_fulfils_bytes(p, "x");
}

static void failed_read_rejects_and_keeps_what_came(void **state) {
  say("abc");
  avow_promise_t *p = exactly(4);
  turn();
  assert_fulfils_int(avow_write(avow_uv_stream(stream), avow_string("unread")),
                     6);
  hang_up();

  assert_rejects(p, UV_ECONNRESET);
  assert_fulfils_bytes(exactly(3), "abc");
}

static void closing_the_stream_rejects(void **state) {
  avow_promise_t *p = line();
  turn();

  assert_fulfils_none(avow_close_handle((uv_handle_t *) stream));

  assert_rejects(p, UV_ECANCELED);
  assert_rejects(line(), UV_EINVAL);
}

static void reader_lives_while_it_reads(void **state) {
  avow_promise_t *p = line();
  avow_reader_t *gone = reader;
  reader = NULL;
  avow_reader_unref(gone);

  say("x\n");

  assert_fulfils_bytes(p, "x");
}

static bool ends_well(void **state, long nth) {
  assert_int_equal(tear_down(state), 0);
  assert_int_equal(set_up(state), 0);
  say("one");
  hang_up();
  fail_allocation(nth, false);
  const avow_value_t v = avow_run(exactly(5));
  const bool failed = allocation_failed();
  fail_allocation(0, false);
  const avow_value_t *rest = avow_error_cause(&v);
  if (avow_error_code(&v) == UV_ENOMEM)
    assert_fulfils_bytes(exactly(3), "one"); /* nothing is lost */
  else if (rest != NULL) /* else there was no memory to hold it */
    assert_string_equal(avow_to_bytes(rest, NULL), "one");
  avow_value_unref(v);
  return failed;
}

static void wants_of_memory_at_the_end_lose_nothing(void **state) {
  for (long nth = 1; ends_well(state, nth); nth++)
    assert_true(nth < 100);
}

static bool fails_well(void **state, long nth, bool from_then_on) {
  assert_int_equal(tear_down(state), 0);
  assert_int_equal(set_up(state), 0);
  say("one\ntwo");
  fail_allocation(nth, from_then_on);
  const avow_value_t v = avow_run(line());
  const bool failed = allocation_failed();
  fail_allocation(0, false);
  if (avow_is_error(&v)) {
    assert_int_equal(avow_error_code(&v), UV_ENOMEM);
    assert_true(failed);
    assert_fulfils_bytes(line(), "one"); /* nothing is lost */
  } else {
    assert_string_equal(avow_to_bytes(&v, NULL), "one");
  }
  avow_value_unref(v);
  assert_fulfils_bytes(exactly(3), "two");
  return failed;
}

static void wants_of_memory_lose_nothing(void **state) {
  for (int on = 0; on < 2; on++)
    for (long nth = 1; fails_well(state, nth, on != 0); nth++)
      assert_true(nth < 100);
}

static void reader_without_memory_rejects_all(void **state) {
  avow_deferred_t *ds[2000];
  avow_promise_t *ps[2000];
  size_t n = 0;
  fail_allocation(1, true);
  while (n < 2000 && !allocation_failed()) {
    ps[n] = avow_promise_new(loop, &ds[n]);
    n++;
  }
  avow_reader_t *poor = avow_reader_new(avow_uv_stream(stream));
  fail_allocation(0, false);
  while (n-- > 0) {
    avow_unref(ps[n]);
    (void) avow_resolve(ds[n], avow_none()); /* or it is rejected */
  }

  assert_rejects(avow_reader_line(poor, 10), UV_ENOMEM);
  assert_rejects(avow_reader_next(poor, 0), UV_EINVAL);
  avow_reader_unref(poor);
}

#define READER(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define IDLE(f)   cmocka_unit_test_setup_teardown(f, set_up_idle, tear_idle)
#define SHORT(f)  cmocka_unit_test_setup_teardown(f, set_up_short, tear_down)

static void all_is_what_is_left_until_the_end(void **state) {
  say("one\ntwo");
  assert_fulfils_bytes(line(), "one");
  avow_promise_t *p = avow_reader_all(reader, 8);
  turn();
  say("more ");
  turn();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  hang_up();

  assert_fulfils_bytes(p, "twomore ");
  assert_fulfils_bytes(avow_reader_all(reader, 0), "");
  assert_fulfils_none(line());
}

static void too_much_stays(void **state) {
  say("hello");

  assert_says(avow_reader_all(reader, 4), UV_EMSGSIZE,
              "read: more than 4 bytes");

  hang_up();
  assert_fulfils_bytes(avow_reader_all(reader, 5), "hello");
}

/* By a clock that the test moves, over a pair in memory. */

static avow_value_t pair;

static avow_stream_t end(size_t i) {
  return avow_to_stream(avow_list_at(&pair, i));
}

static int set_up_idle(void **state) {
  if (harness_setup(state) != 0)
    return -1;
  use_clock(AVOW_CLOCK_BY_HAND);
  pair = avow_duplex(loop, 100, NULL);
  reader = avow_reader_new(end(1));
  avow_reader_set_idle(reader, 1000);
  return 0;
}

static int tear_idle(void **state) {
  avow_reader_unref(reader);
  avow_value_clear(&pair);
  return harness_teardown(state);
}

static void tell(const char *text) {
  avow_unref(avow_write(end(0), avow_string(text)));
  run();
}

static void assert_is_idle(avow_promise_t *p) {
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_true(avow_is_timeout(avow_result(p)));
  assert_says(p, UV_ETIMEDOUT, "read: nothing has moved for 1000 ms");
}

static void peer_that_says_nothing_is_given_up(void **state) {
  tell("so");
  avow_promise_t *p = line();
  run();
  advance(999);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  advance(1);

  assert_is_idle(p);
  tell(" far\n");
  assert_fulfils_bytes(line(), "so far");
}

static void whatever_comes_sets_the_limit_back(void **state) {
  avow_promise_t *p = avow_reader_all(reader, 100);
  for (size_t i = 0; i < 5; i++) {
    run();
    advance(999);
    tell("x");
  }
  advance(999);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  advance(1);

  assert_is_idle(p);
  avow_unref(avow_shutdown(end(0)));
  assert_fulfils_bytes(avow_reader_all(reader, 100), "xxxxx");
}

/* Nobody waits between two pieces. */
static void pause_of_the_program_is_none_of_the_peer(void **state) {
  tell("one\ntwo\nthr");
  assert_fulfils_bytes(line(), "one");
  advance(5000);
  assert_fulfils_bytes(line(), "two");
  advance(5000);
  avow_promise_t *p = line();
  run();
  advance(999);
  tell("ee\n");

  assert_fulfils_bytes(p, "three");
}

static void limit_goes_when_it_is_0(void **state) {
  avow_reader_set_idle(reader, 0);
  avow_promise_t *p = line();
  run();
  advance(100000);
  tell("late\n");

  assert_fulfils_bytes(p, "late");
}

static void cancelled_read_needs_no_time(void **state) {
  avow_promise_t *p = line();
  run();
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  tell("x\n");

  assert_fulfils_bytes(line(), "x");
}

static int set_up_short(void **state) {
  const int err = set_up(state);
  avow_reader_set_idle(reader, 1);
  return err;
}

static void limit_needs_memory(void **state) {
  for (int from_then_on = 0; from_then_on < 2; from_then_on++) {
    bool lacked = true;
    for (long nth = 1; lacked; nth++) {
      fail_allocation(nth, from_then_on);
      const avow_value_t v = avow_run(line());
      lacked = allocation_failed();
      fail_allocation(0, false);
      assert_true(avow_error_code(&v) == UV_ETIMEDOUT ||
                  (lacked && avow_error_code(&v) == UV_ENOMEM));
      avow_value_unref(v);
    }
  }
}

int main(void) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    READER(lines_come_one_by_one),
    READER(all_is_what_is_left_until_the_end),
    READER(too_much_stays),
    IDLE(peer_that_says_nothing_is_given_up),
    IDLE(whatever_comes_sets_the_limit_back),
    IDLE(pause_of_the_program_is_none_of_the_peer),
    IDLE(limit_goes_when_it_is_0),
    IDLE(cancelled_read_needs_no_time),
    SHORT(limit_needs_memory),
    READER(all_lines_of_a_read_come_before_another_read),
    READER(line_comes_in_parts),
    READER(what_is_there_is_given_at_once),
    READER(line_may_be_as_long_as_the_limit),
    READER(line_without_end_is_refused_in_time),
    READER(last_line_may_be_too_long),
    READER(delimiters_are_taken_with_what_comes_before),
    READER(delimiter_comes_in_parts),
    READER(delimiter_may_hold_any_byte),
    READER(end_without_delimiter_gives_the_rest),
    READER(what_is_longer_than_the_limit_stays),
    READER(delimiter_has_to_be_bytes),
    READER(so_many_bytes_come_exactly),
    READER(end_in_the_middle_gives_the_rest),
    READER(much_comes_exactly),
    READER(room_for_much_is_given_back),
    READER(room_for_much_shrinks_to_what_is_left),
    READER(next_gives_what_is_there),
    READER(cancelling_loses_nothing),
    READER(reader_cancelled_at_once_reads_nothing),
    READER(second_wish_rejects_while_one_is_pending),
    READER(failed_read_rejects_and_keeps_what_came),
    READER(closing_the_stream_rejects),
    READER(reader_lives_while_it_reads),
    READER(wants_of_memory_lose_nothing),
    READER(wants_of_memory_at_the_end_lose_nothing),
    READER(reader_without_memory_rejects_all),
  };
  return RUN(tests);
}
