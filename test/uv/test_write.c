/* SPDX-License-Identifier: MIT */
/* Writing to a stream and ending it, over pipes and over TCP. */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"
#include "value/value.h"

enum { LARGE = 8 << 20, PART = 1 << 16, PIECES = 16 };

/* Number of bytes that start_large() writes. A pipe holds less. */
static size_t large = LARGE;

static char pattern_at(size_t i) {
  return (char) (i * 31 + (i >> 8));
}

/* Returns `len` bytes of an endless pattern. */
static avow_value_t pattern(size_t from, size_t len) {
  char *data = NULL;
  const avow_value_t v = avow_bytes_new(len, &data);
  for (size_t i = 0; data != NULL && i < len; i++)
    data[i] = pattern_at(from + i);
  return v;
}

/* The peer reads `len` bytes of the pattern on the pool while the loop runs. */
static void assert_peer_receives(size_t from, size_t len) {
  for (size_t done = 0, n; done < len; done += n) {
    const size_t max = len - done < PART ? len - done : PART;
    const avow_value_t v = avow_run(avow_fs_read(loop, peer, max, -1));
    const char *data = avow_to_bytes(&v, &n);
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++)
      if (data[i] != pattern_at(from + done + i))
        fail_msg("byte %zu is wrong", from + done + i);
    avow_value_unref(v);
  }
}

static void assert_peer_receives_text(const char *text) {
  char data[64] = "";
  assert_int_equal(read(peer, data, sizeof(data)), (ssize_t) strlen(text));
  assert_string_equal(data, text);
}

static void assert_peer_receives_the_end(void) {
  char byte;
  assert_int_equal(read(peer, &byte, 1), 0);
}

/* Checks for a broken pipe or a reset. The timing decides which error
   occurs. */
static void assert_breaks(avow_promise_t *p) {
  const avow_value_t v = avow_run(p);
  const int code = avow_error_code(&v);
  assert_true(code == UV_EPIPE || code == UV_ECONNRESET);
  assert_int_equal(strncmp(avow_error_message(&v), "write: ", 7), 0);
  avow_value_unref(v);
}

static uint64_t requests(void) {
  avow_stats_t stats;
  avow_loop_stats(loop, &stats, sizeof(stats));
  return stats.requests;
}

static avow_promise_t *start_small(void) {
  return avow_write(avow_uv_stream(stream), avow_string("hello"));
}

static avow_promise_t *start_large(void) {
  return avow_write(avow_uv_stream(stream), pattern(0, large));
}

static avow_promise_t *start_large_parts(void) {
  avow_value_t parts[PIECES];
  for (int i = 0; i < PIECES; i++)
    parts[i] = pattern(0, large / PIECES);
  return avow_write(avow_uv_stream(stream), avow_list(parts, PIECES));
}

static avow_promise_t *start_shutdown(void) {
  return avow_shutdown(avow_uv_stream(stream));
}

static void small_write_is_fulfilled_at_once(void **state) {
  avow_promise_t *p = start_small();

  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  assert_int_equal(requests(), 0);
  assert_peer_receives_text("hello");
  assert_fulfills_int(p, 5);
}

static void empty_write_writes_nothing(void **state) {
  assert_fulfills_int(avow_write(avow_uv_stream(stream), avow_string("")), 0);

  hang_up();
}

static void large_write_waits_for_its_reader(void **state) {
  avow_promise_t *p = start_large();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_int_equal(requests(), 1);

  assert_peer_receives(0, LARGE);

  assert_fulfills_int(p, LARGE);
  assert_int_equal(requests(), 0);
}

static void writes_keep_their_order(void **state) {
  avow_promise_t *all[] = {
    avow_write(avow_uv_stream(stream), pattern(0, LARGE)),
    avow_write(avow_uv_stream(stream), pattern(LARGE, 1)),
    avow_write(avow_uv_stream(stream), pattern(LARGE + 1, LARGE)),
    avow_write(avow_uv_stream(stream), pattern(2 * LARGE + 1, 5)),
  };
  const char *names[] = { "1", "2", "3", "4" };
  for (size_t i = 0; i < 4; i++)
    all[i] = avow_then(all[i], note_cb, NULL, (void *) (uintptr_t) names[i]);

  assert_peer_receives(0, 2 * LARGE + 6);

  avow_value_unref(avow_run(avow_all(loop, all, 4)));
  assert_notes("1 2 3 4");
}

static void write_fails_after_the_peer_closes(void **state) {
  hang_up();

  avow_value_unref(avow_run(start_small())); /* TCP learns of the error by this
                                                write */

  assert_breaks(start_small());
}

static void queued_write_fails_when_the_peer_closes(void **state) {
  avow_promise_t *p = start_large();
  assert_peer_receives(0, PART);

  hang_up();

  assert_breaks(p);
}

static void write_rejects_values_other_than_bytes(void **state) {
  avow_value_t items[] = { avow_string("x"), avow_int(1) };

  assert_says(avow_write(avow_uv_stream(stream), avow_list(items, 2)),
              UV_EINVAL, "write: invalid argument");
  assert_rejects(avow_write(avow_uv_stream(stream), avow_int(1)), UV_EINVAL);
  assert_rejects(avow_write(avow_uv_stream(stream), avow_error(UV_ENOMEM)),
                 UV_ENOMEM);
}

/* On 32-bit systems: a list that contains one MiB 4,096 times. */
static void write_rejects_a_list_longer_than_size_max(void **state) {
  const avow_value_t v = avow_string("x");
  avow__bytes_t *claims = v.u.p;
  avow_value_t items[] = { avow_value_ref(&v), v };
  claims->len = SIZE_MAX / 2 + 1;

  assert_says(avow_write(avow_uv_stream(stream), avow_list(items, 2)), UV_E2BIG,
              "write: argument list too long");
}

static void list_is_written_in_order(void **state) {
  avow_value_t items[] = { avow_string("he"), avow_string(""),
                           avow_string("llo") };

  assert_fulfills_int(avow_write(avow_uv_stream(stream), avow_list(items, 3)),
                      5);

  assert_peer_receives_text("hello");
}

static void empty_list_writes_nothing(void **state) {
  avow_value_t items[] = { avow_string("") };

  assert_fulfills_int(avow_write(avow_uv_stream(stream), avow_list(items, 1)),
                      0);
  assert_fulfills_int(avow_write(avow_uv_stream(stream), avow_list(NULL, 0)),
                      0);
}

/* Writes many parts of different sizes. Some are empty. */
static avow_promise_t *start_list(void) {
  enum { PARTS = 40 };
  avow_value_t items[PARTS];
  size_t at = 0;
  for (size_t i = 0; i < PARTS; i++) {
    const size_t len = i + 1 < PARTS ? i % 3 * (LARGE / PARTS) : LARGE - at;
    items[i] = pattern(at, len);
    at += len;
  }
  return avow_write(avow_uv_stream(stream), avow_list(items, PARTS));
}

static void long_list_waits_for_its_reader(void **state) {
  avow_promise_t *p = start_list();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_peer_receives(0, LARGE);

  assert_fulfills_int(p, LARGE);
}

static void list_with_an_error_rejects_with_it(void **state) {
  avow_value_t items[] = { avow_string("x"), avow_error(UV_ENOMEM) };

  assert_rejects(avow_write(avow_uv_stream(stream), avow_list(items, 2)),
                 UV_ENOMEM);
}

static void write_rejects_on_a_closing_handle(void **state) {
  avow_value_t items[] = { avow_string("x"), avow_string("y") };
  uv_close((uv_handle_t *) stream, NULL);

  assert_rejects(start_small(), UV_EINVAL);
  assert_rejects(avow_write(avow_uv_stream(stream), avow_list(items, 2)),
                 UV_EINVAL);
}

static void write_rejects_without_a_connection(void **state) {
  uv_tcp_t lonely;
  (void) uv_tcp_init(loop, &lonely);

  assert_says(avow_write(avow_uv_stream((uv_stream_t *) &lonely),
                         avow_string("x")),
              UV_EBADF, "write: bad file descriptor");

  uv_close((uv_handle_t *) &lonely, NULL);
  run();
}

static void canceled_write_is_still_written(void **state) {
  assert_cancels_at_once(start_large());

  avow_promise_t *p = avow_write(avow_uv_stream(stream), pattern(LARGE, 5));
  assert_peer_receives(0, LARGE + 5);

  assert_fulfills_int(p, 5);
}

static void cancel_after_the_write_changes_nothing(void **state) {
  avow_promise_t *p = start_small();

  avow_cancel(p);

  assert_fulfills_int(p, 5);
}

static void write_canceled_by_another_completion_is_written(void **state) {
  avow_promise_t *first = start_large();
  avow_promise_t *second =
      avow_write(avow_uv_stream(stream), pattern(LARGE, 5));

  first = avow_then(first, cancel_cb, NULL, second);
  assert_peer_receives(0, LARGE + 5);

  assert_fulfills_int(first, LARGE);
  assert_rejects(second, UV_ECANCELED);
}

static void shutdown_ends_the_input_of_the_peer(void **state) {
  assert_fulfills_int(start_small(), 5);

  assert_fulfills_none(start_shutdown());

  assert_peer_receives_text("hello");
  assert_peer_receives_the_end();
}

static void shutdown_waits_for_queued_writes(void **state) {
  avow_promise_t *p = start_large();
  avow_promise_t *end = start_shutdown();

  assert_peer_receives(0, LARGE);

  assert_fulfills_int(p, LARGE);
  assert_fulfills_none(end);
  assert_peer_receives_the_end();
}

static void reading_continues_after_shutdown(void **state) {
  assert_fulfills_none(start_shutdown());
  assert_int_equal(write(peer, "hello", 5), 5);
  hang_up();

  const avow_value_t v = avow_run(avow_read_all(avow_uv_stream(stream), 100));

  assert_string_equal(avow_to_bytes(&v, NULL), "hello");
  avow_value_unref(v);
}

static void second_shutdown_rejects(void **state) {
  avow_promise_t *p = start_shutdown();

  assert_says(start_shutdown(), UV_ENOTCONN,
              "shutdown: socket is not connected");

  assert_fulfills_none(p);
}

static void shutdown_rejects_on_a_closing_handle(void **state) {
  uv_close((uv_handle_t *) stream, NULL);

  assert_rejects(start_shutdown(), UV_ENOTCONN);
}

static void shutdown_rejects_without_a_connection(void **state) {
  uv_tcp_t lonely;
  (void) uv_tcp_init(loop, &lonely);

  assert_rejects(avow_shutdown(avow_uv_stream((uv_stream_t *) &lonely)),
                 UV_ENOTCONN);

  uv_close((uv_handle_t *) &lonely, NULL);
  run();
}

static void write_rejects_after_shutdown(void **state) {
  avow_promise_t *p = start_shutdown();

  assert_says(start_small(), UV_EPIPE, "write: broken pipe");

  assert_fulfills_none(p);
}

static void canceled_shutdown_still_shuts_down(void **state) {
  assert_cancels_at_once(start_shutdown());
  run();

  assert_peer_receives_the_end();
}

/* Closes avow first and the handle second. Then initializes avow again for the
   fixture. */
static void assert_loop_close_cancels(avow_promise_t *p) {
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
  uv_close((uv_handle_t *) stream, NULL);
  run();
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void loop_close_rejects_a_queued_write(void **state) {
  assert_loop_close_cancels(start_large());
}

static void loop_close_rejects_a_pending_shutdown(void **state) {
  assert_loop_close_cancels(start_shutdown());
}

static void promise_stays_settled_after_loop_and_handle_close(void **state) {
  avow_promise_t *p = start_large();
  assert_loop_close_cancels(avow_ref(p));

  assert_int_equal(avow_result(p)->code, UV_ECANCELED);

  avow_unref(p);
}

/* Fails the nth allocation. Returns false if there was no nth allocation. The
   bytes are not checked, because the peer closes before it receives the
   rest. */
static bool fails_well(start_fn start, long nth, bool from_then_on) {
  fail_allocation(nth, from_then_on);
  avow_promise_t *p = start();
  const bool started = avow_state(p) != AVOW_REJECTED;
  hang_up();
  avow_value_unref(avow_run(p));
  const bool failed = allocation_failed();
  fail_allocation(0, false);
  assert_true(started || failed);
  return failed;
}

static void survive_failing_memory(void **state, start_fn start,
                                   int (*set_up_again)(void **state)) {
  bool failed = true;
  for (long nth = 1; failed; nth++) {
    failed = fails_well(start, nth, false);
    assert_int_equal(peer_teardown(state), 0);
    assert_int_equal(set_up_again(state), 0);
    failed = fails_well(start, nth, true) || failed;
    assert_int_equal(peer_teardown(state), 0);
    assert_int_equal(set_up_again(state), 0);
    assert_true(nth < 100);
  }
}

static void small_write_survives_failing_memory(void **state) {
  survive_failing_memory(state, start_small, peer_setup_tcp);
}

static void large_write_survives_failing_memory(void **state) {
  large = 1 << 20;
  survive_failing_memory(state, start_large, peer_setup_pipe);
  survive_failing_memory(state, start_large_parts, peer_setup_pipe);
  large = LARGE;
}

static void shutdown_survives_failing_memory(void **state) {
  survive_failing_memory(state, start_shutdown, peer_setup_pipe);
}

#define PIPE(f) \
  { #f " (pipe)", f, peer_setup_pipe, peer_teardown, NULL }
#define TCP(f) \
  { #f " (TCP)", f, peer_setup_tcp, peer_teardown, NULL }
#define BOTH(f) PIPE(f), TCP(f)

SUITE(write) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    BOTH(small_write_is_fulfilled_at_once),
    BOTH(empty_write_writes_nothing),
    BOTH(large_write_waits_for_its_reader),
    BOTH(writes_keep_their_order),
    BOTH(write_fails_after_the_peer_closes),
    BOTH(queued_write_fails_when_the_peer_closes),
    BOTH(write_rejects_values_other_than_bytes),
    BOTH(write_rejects_a_list_longer_than_size_max),
    BOTH(list_is_written_in_order),
    BOTH(empty_list_writes_nothing),
    BOTH(long_list_waits_for_its_reader),
    BOTH(list_with_an_error_rejects_with_it),
    BOTH(write_rejects_on_a_closing_handle),
    PIPE(write_rejects_without_a_connection),
    BOTH(canceled_write_is_still_written),
    BOTH(cancel_after_the_write_changes_nothing),
    BOTH(write_canceled_by_another_completion_is_written),
    BOTH(shutdown_ends_the_input_of_the_peer),
    BOTH(shutdown_waits_for_queued_writes),
    BOTH(reading_continues_after_shutdown),
    BOTH(second_shutdown_rejects),
    BOTH(shutdown_rejects_on_a_closing_handle),
    PIPE(shutdown_rejects_without_a_connection),
    BOTH(write_rejects_after_shutdown),
    BOTH(canceled_shutdown_still_shuts_down),
    BOTH(loop_close_rejects_a_queued_write),
    BOTH(loop_close_rejects_a_pending_shutdown),
    BOTH(promise_stays_settled_after_loop_and_handle_close),
    PIPE(small_write_survives_failing_memory),
    PIPE(large_write_survives_failing_memory),
    PIPE(shutdown_survives_failing_memory),
  };
  return RUN(tests);
}
