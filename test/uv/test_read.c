/* SPDX-License-Identifier: MIT */
/* Reading from a stream, over pipes and over TCP. */
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

enum { LARGE = 8 << 20, PART = 4096 };

static avow_promise_t *start_read(void) {
  return avow_read(avow_uv_stream(stream), 100);
}

static avow_promise_t *start_read_all(void) {
  return avow_read_all(avow_uv_stream(stream), LARGE);
}

/* A handler that reads again. Its data is the number of bytes, or "" for
   all. */
static avow_value_t read_again(const avow_value_t *arg, void *data) {
  const char *max = data;
  return avow_follow(max[0] != '\0'
                         ? avow_read(avow_uv_stream(stream), (size_t) atoi(max))
                         : avow_read_all(avow_uv_stream(stream), 100));
}

static void read_waits_for_data(void **state) {
  avow_promise_t *p = start_read();
  turn();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  say("hello");

  assert_fulfills_bytes(p, "hello");
}

static void read_gives_at_most_max(void **state) {
  say("hello");

  assert_fulfills_bytes(avow_read(avow_uv_stream(stream), 2), "he");
  assert_fulfills_bytes(avow_read(avow_uv_stream(stream), 1), "l");
  assert_fulfills_bytes(avow_read(avow_uv_stream(stream), SIZE_MAX), "lo");
}

static void each_read_at_the_end_gives_none(void **state) {
  say("bye");
  hang_up();

  assert_fulfills_bytes(start_read(), "bye");
  assert_fulfills_none(start_read());
  assert_fulfills_none(start_read());
}

static void read_in_an_end_handler_gives_none(void **state) {
  hang_up();

  avow_promise_t *p = avow_then(start_read(), read_again, NULL, "5");

  assert_fulfills_none(p);
}

static void read_all_in_an_end_handler_gives_no_bytes(void **state) {
  hang_up();

  avow_promise_t *p = avow_then(start_read(), read_again, NULL, "");

  assert_fulfills_bytes(p, "");
}

static void read_rejects_a_max_of_0(void **state) {
  assert_says(avow_read(avow_uv_stream(stream), 0), UV_EINVAL,
              "read: invalid argument");
}

static void read_rejects_while_one_is_pending(void **state) {
  avow_promise_t *p = start_read();

  assert_says(start_read(), UV_EALREADY, "read: already in progress");
  assert_rejects(start_read_all(), UV_EALREADY);

  say("hello");
  assert_fulfills_bytes(p, "hello");
}

static char heard[16];

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf) {
  *buf = uv_buf_init(heard, sizeof(heard));
}

static void on_read(uv_stream_t *handle, ssize_t n, const uv_buf_t *buf) {
  note(n > 0 ? "heard" : "end");
}

static void refused_read_does_not_stop_uv_read_start(void **state) {
  assert_int_equal(uv_read_start(stream, on_alloc, on_read), 0);

  assert_rejects(start_read(), UV_EALREADY);
  say("hello");
  turn();

  assert_notes("heard");
  (void) uv_read_stop(stream);
}

static void read_rejects_on_a_closing_handle(void **state) {
  uv_close((uv_handle_t *) stream, NULL);

  assert_rejects(start_read(), UV_EINVAL);
  assert_rejects(start_read_all(), UV_EINVAL);
}

/* libuv does not report uv_close() to avow. */
static void refused_read_rejects_the_pending_read(void **state) {
  avow_promise_t *p = start_read();
  uv_close((uv_handle_t *) stream, NULL);

  assert_rejects(start_read(), UV_EINVAL);

  assert_rejects(p, UV_ECANCELED);
}

static avow_value_t close_and_read(const avow_value_t *arg, void *data) {
  uv_close((uv_handle_t *) stream, NULL);
  return avow_follow(start_read());
}

/* Another read would have used libuv's running read. */
static void read_rejects_on_a_handle_closed_in_its_handler(void **state) {
  avow_promise_t *p = avow_then(start_read(), close_and_read, NULL, NULL);
  say("hello");

  assert_rejects(p, UV_EINVAL);
}

static void canceled_read_stops_and_loses_no_data(void **state) {
  avow_promise_t *p = start_read();
  turn();
  say("hello");

  assert_cancels_at_once(p);
  assert_false(reads());

  assert_fulfills_bytes(start_read(), "hello");
}

static void cancel_after_the_read_keeps_its_bytes(void **state) {
  say("hello");
  avow_promise_t *p = start_read();
  turn();

  avow_cancel(p);

  assert_fulfills_bytes(p, "hello");
}

static void read_canceled_by_another_completion_loses_no_data(void **state) {
  int fds[2];
  uv_pipe_t first;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  (void) uv_pipe_init(loop, &first, 0);
  assert_int_equal(uv_pipe_open(&first, fds[0]), 0);
  avow_promise_t *p = start_read();
  avow_promise_t *q = avow_read(avow_uv_stream((uv_stream_t *) &first), 1);
  turn();

  assert_int_equal(write(fds[1], "x", 1), 1); /* delivered first */
  say("hello");
  assert_fulfills_bytes(avow_then(q, cancel_cb, NULL, p), "x");
  assert_rejects(p, UV_ECANCELED);

  assert_fulfills_bytes(start_read(), "hello");
  assert_fulfills_none(avow_close_handle((uv_handle_t *) &first));
  (void) close(fds[1]);
}

static avow_value_t read_and_cancel(const avow_value_t *arg, void *data) {
  assert_cancels_at_once(start_read());
  return avow_none();
}

static void read_canceled_in_a_handler_stops(void **state) {
  say("hello");

  assert_fulfills_none(avow_then(avow_read(avow_uv_stream(stream), 2),
                                 read_and_cancel, NULL, NULL));

  assert_false(reads());
  assert_fulfills_bytes(start_read(), "llo");
}

static avow_value_t note_whether_it_reads(const avow_value_t *arg, void *data) {
  note(reads() ? "reads" : "stopped");
  return avow_value_ref(arg);
}

static void reading_continues_while_handlers_read_again(void **state) {
  say("hello");
  avow_promise_t *p = avow_read(avow_uv_stream(stream), 1);

  p = avow_then(p, note_whether_it_reads, NULL, NULL);
  p = avow_then(p, read_again, NULL, "1");
  p = avow_then(p, note_whether_it_reads, NULL, NULL);
  p = avow_then(p, read_again, NULL, "100");

  assert_fulfills_bytes(p, "llo");
  assert_notes("reads reads");
}

static void reading_stops_when_no_handler_reads_again(void **state) {
  say("hello");

  assert_fulfills_bytes(avow_read(avow_uv_stream(stream), 2), "he");

  assert_false(reads());
  assert_fulfills_bytes(start_read(), "llo");
}

static void read_all_gives_everything_up_to_the_end(void **state) {
  avow_promise_t *p = start_read_all();
  say("hello ");
  turn();
  say("world");
  turn();

  assert_int_equal(avow_state(p), AVOW_PENDING);
  hang_up();

  assert_fulfills_bytes(p, "hello world");
}

static void read_all_of_an_empty_stream_gives_no_bytes(void **state) {
  hang_up();

  assert_fulfills_bytes(start_read_all(), "");
  assert_fulfills_bytes(avow_read_all(avow_uv_stream(stream), 0), "");
  assert_fulfills_bytes(avow_read_all(avow_uv_stream(stream), SIZE_MAX), "");
}

static void read_all_gives_exactly_the_limit(void **state) {
  say("hello");
  hang_up();

  assert_fulfills_bytes(avow_read_all(avow_uv_stream(stream), 5), "hello");
}

static void read_all_rejects_one_byte_more_than_the_limit(void **state) {
  say("hello");

  assert_says(avow_read_all(avow_uv_stream(stream), 4), UV_EMSGSIZE,
              "read: more than 4 bytes");
}

static void read_in_a_limit_handler_gives_the_next_bytes(void **state) {
  say("0123456789abcdef");

  avow_promise_t *p =
      avow_catch(avow_read_all(avow_uv_stream(stream), 9), read_again, "2");

  assert_fulfills_bytes(p, "ab");
}

static void read_all_in_a_limit_handler_gives_the_rest(void **state) {
  say("0123456789abcdef");
  hang_up();

  avow_promise_t *p =
      avow_catch(avow_read_all(avow_uv_stream(stream), 9), read_again, "");

  assert_fulfills_bytes(p, "abcdef");
}

static avow_value_t pattern(size_t len) {
  char *data = NULL;
  const avow_value_t v = avow_bytes_new(len, &data);
  for (size_t i = 0; data != NULL && i < len; i++)
    data[i] = (char) (i * 31 + (i >> 8));
  return v;
}

static void read_all_gives_large_streams(void **state) {
  const avow_value_t sent = pattern(LARGE);
  size_t len;

  avow_promise_t *p = start_read_all();
  assert_fulfills_int(avow_fs_write(loop, peer, avow_value_ref(&sent), -1),
                      LARGE);
  hang_up();
  const avow_value_t v = avow_run(p);

  assert_memory_equal(avow_to_bytes(&v, &len), avow_to_bytes(&sent, NULL),
                      LARGE);
  assert_int_equal(len, LARGE);
  avow_value_unref(v);
  avow_value_unref(sent);
}

static void canceled_read_all_loses_only_the_bytes_it_read(void **state) {
  say("lost");
  avow_promise_t *p = start_read_all();
  turn();

  assert_cancels_at_once(p);
  assert_false(reads());
  say("hello");
  hang_up();

  assert_fulfills_bytes(start_read_all(), "hello");
}

/* Closes so that the peer receives a reset. */
static void reset(void) {
  const struct linger now = { .l_onoff = 1, .l_linger = 0 };
  assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now)),
                   0);
  hang_up();
}

static void read_rejects_when_the_peer_resets(void **state) {
  reset();

  assert_says(start_read(), UV_ECONNRESET, "read: connection reset by peer");
}

static void read_all_rejects_when_the_peer_resets(void **state) {
  avow_promise_t *p = start_read_all();
  say("hello");
  turn();

  reset();

  assert_rejects(p, UV_ECONNRESET);
}

static void read_in_a_failure_handler_rejects(void **state) {
  reset();

  avow_promise_t *p = avow_catch(start_read(), read_again, "5");

  assert_rejects(p, UV_ENOTCONN);
}

static void loop_close_cancels_reads_but_keeps_the_handle(void **state) {
  const start_fn starts[] = { start_read, start_read_all };

  for (int i = 0; i < 2; i++) {
    avow_promise_t *p = starts[i]();
    assert_int_equal(avow_loop_close(loop), 0);
    assert_int_equal(avow_result(p)->code, UV_ECANCELED);
    avow_unref(p);
    assert_false(reads());
    assert_int_equal(avow_loop_init(loop, &steady), 0);
  }

  say("hello");
  assert_fulfills_bytes(start_read(), "hello");
}

/* Fails the nth allocation. Returns false if there was no nth allocation. */
static bool fails_well(start_fn start, long nth, bool from_then_on) {
  fail_allocation(nth, from_then_on);
  const avow_value_t v = avow_run(start());
  const bool failed = allocation_failed();
  fail_allocation(0, false);
  if (avow_is_error(&v))
    assert_string_equal(avow_err_name(avow_error_code(&v)), "ENOMEM");
  assert_true(failed || !avow_is_error(&v));
  avow_value_unref(v);
  return failed;
}

static void read_survives_failing_memory(void **state) {
  for (int on = 0; on < 2; on++)
    for (long nth = 1; say("hello"), fails_well(start_read, nth, on != 0);
         nth++)
      assert_true(nth < 100);
}

static void read_all_survives_failing_memory(void **state) {
  const char text[3 * PART] = "";
  assert_int_equal(write(peer, text, sizeof(text)), sizeof(text));
  (void) shutdown(peer, SHUT_WR); /* the end can be read repeatedly */

  for (int on = 0; on < 2; on++)
    for (long nth = 1; fails_well(start_read_all, nth, on != 0); nth++)
      assert_true(nth < 100);
}

#define PIPE(f) \
  { #f " (pipe)", f, peer_setup_pipe, peer_teardown, NULL }
#define TCP(f) \
  { #f " (TCP)", f, peer_setup_tcp, peer_teardown, NULL }
#define BOTH(f) PIPE(f), TCP(f)

SUITE(read) {
  const struct CMUnitTest tests[] = {
    BOTH(read_waits_for_data),
    BOTH(read_gives_at_most_max),
    BOTH(each_read_at_the_end_gives_none),
    BOTH(read_in_an_end_handler_gives_none),
    BOTH(read_all_in_an_end_handler_gives_no_bytes),
    BOTH(read_rejects_a_max_of_0),
    BOTH(read_rejects_while_one_is_pending),
    BOTH(refused_read_does_not_stop_uv_read_start),
    BOTH(read_rejects_on_a_closing_handle),
    BOTH(refused_read_rejects_the_pending_read),
    BOTH(read_rejects_on_a_handle_closed_in_its_handler),
    BOTH(canceled_read_stops_and_loses_no_data),
    BOTH(cancel_after_the_read_keeps_its_bytes),
    BOTH(read_canceled_by_another_completion_loses_no_data),
    BOTH(read_canceled_in_a_handler_stops),
    BOTH(reading_continues_while_handlers_read_again),
    BOTH(reading_stops_when_no_handler_reads_again),
    BOTH(read_all_gives_everything_up_to_the_end),
    BOTH(read_all_of_an_empty_stream_gives_no_bytes),
    BOTH(read_all_gives_exactly_the_limit),
    BOTH(read_all_rejects_one_byte_more_than_the_limit),
    BOTH(read_in_a_limit_handler_gives_the_next_bytes),
    BOTH(read_all_in_a_limit_handler_gives_the_rest),
    BOTH(read_all_gives_large_streams),
    BOTH(canceled_read_all_loses_only_the_bytes_it_read),
    TCP(read_rejects_when_the_peer_resets),
    TCP(read_all_rejects_when_the_peer_resets),
    TCP(read_in_a_failure_handler_rejects),
    BOTH(loop_close_cancels_reads_but_keeps_the_handle),
    BOTH(read_survives_failing_memory),
    BOTH(read_all_survives_failing_memory),
  };
  return RUN(tests);
}
