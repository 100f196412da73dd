/* SPDX-License-Identifier: MIT */
/* Files as streams. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "streamed.h"
#include "thread_pool.h"
#include "worlds.h"

enum { LARGE = 300000 };

static void open_at(int64_t offset, uint64_t len) {
  opened = avow_file_stream(loop, file, offset, len);
  assert_false(avow_is_error(&opened));
}

static void assert_holds(const char *text) {
  char data[100] = "";
  assert_int_equal(pread(file, data, sizeof(data), 0), strlen(text));
  assert_string_equal(data, text);
}

static void file_is_read_from_its_offset_to_its_end(void **state) {
  fill("hello you");
  open_at(6, UINT64_MAX);

  assert_fulfills_bytes(avow_read(opened_stream(), 2), "yo");
  assert_fulfills_bytes(avow_read(opened_stream(), 9), "u");
  assert_fulfills_none(avow_read(opened_stream(), 9));
  assert_fulfills_none(avow_read(opened_stream(), 9));
}

static void read_stops_at_the_end_of_the_part(void **state) {
  fill("hello you");
  open_at(1, 4);

  assert_fulfills_bytes(avow_read_all(opened_stream(), 9), "ello");
}

static void offset_minus_1_reads_from_the_file_position(void **state) {
  fill("hello you");
  assert_int_equal(lseek(file, 3, SEEK_SET), 3);
  open_at(-1, UINT64_MAX);

  assert_fulfills_bytes(avow_read(opened_stream(), 2), "lo");
  assert_fulfills_bytes(avow_read(opened_stream(), 9), " you");
}

static void invalid_offset_is_refused(void **state) {
  const avow_value_t bad = avow_file_stream(loop, file, -2, 1);

  assert_int_equal(avow_error_code(&bad), UV_EINVAL);
}

static void second_read_is_refused(void **state) {
  fill("hello");
  open_at(0, UINT64_MAX);
  avow_promise_t *p = avow_read(opened_stream(), 9);

  assert_rejects(avow_read(opened_stream(), 9), UV_EALREADY);

  assert_fulfills_bytes(p, "hello");
}

static void canceled_read_keeps_its_data_for_the_next_read(void **state) {
  fill("hello");
  open_at(0, UINT64_MAX);
  assert_cancels_at_once(avow_read(opened_stream(), 4));
  run();

  assert_fulfills_bytes(avow_read(opened_stream(), 2), "he");
  assert_fulfills_bytes(avow_read(opened_stream(), 9), "ll");
  assert_fulfills_bytes(avow_read(opened_stream(), 9), "o");
}

static void failed_read_rejects_and_the_next_tries_again(void **state) {
  opened = avow_file_stream(loop, 1 << 20, 0, 9);

  assert_rejects(avow_read(opened_stream(), 9), UV_EBADF);
  assert_rejects(avow_read(opened_stream(), 9), UV_EBADF);
}

static void writes_continue_from_the_offset_in_order(void **state) {
  fill("hello you");
  open_at(6, UINT64_MAX);
  avow_promise_t *ps[] = { avow_write(opened_stream(), avow_string("th")),
                           avow_write(opened_stream(), avow_string("er")),
                           avow_write(opened_stream(), avow_string("e!")),
                           avow_shutdown(opened_stream()) };

  assert_fulfills_none(ps[3]);
  for (size_t i = 0; i < 3; i++)
    assert_fulfills_int(ps[i], 2);

  assert_holds("hello there!");
  assert_rejects(avow_write(opened_stream(), avow_string("x")), UV_EPIPE);
  assert_rejects(avow_shutdown(opened_stream()), UV_ENOTCONN);
}

static void offset_minus_1_writes_at_the_file_position(void **state) {
  open_at(-1, UINT64_MAX);
  avow_unref(avow_write(opened_stream(), avow_string("one ")));

  assert_fulfills_int(avow_write(opened_stream(), avow_string("two")), 3);

  assert_holds("one two");
}

static void canceled_write_is_still_written(void **state) {
  open_at(0, UINT64_MAX);
  assert_cancels_at_once(avow_write(opened_stream(), avow_string("one ")));
  assert_cancels_at_once(avow_write(opened_stream(), avow_string("two ")));

  assert_fulfills_int(avow_write(opened_stream(), avow_string("three")), 5);

  assert_holds("one two three");
}

static void after_a_failure_every_write_fails(void **state) {
  opened = avow_file_stream(loop, 1 << 20, 0, 9);
  avow_promise_t *ps[] = { avow_write(opened_stream(), avow_string("a")),
                           avow_write(opened_stream(), avow_string("b")),
                           avow_shutdown(opened_stream()) };

  for (size_t i = 0; i < 3; i++)
    assert_rejects(ps[i], UV_EBADF);
}

static void close_settles_pending_operations(void **state) {
  fill("hello");
  open_at(0, UINT64_MAX);
  avow_promise_t *ps[] = { avow_read(opened_stream(), 9),
                           avow_write(opened_stream(), avow_string("a")),
                           avow_write(opened_stream(), avow_string("b")),
                           avow_shutdown(opened_stream()) };

  assert_fulfills_none(avow_close(opened_stream()));

  for (size_t i = 0; i < 4; i++)
    assert_rejects(ps[i], UV_ECANCELED);
  assert_rejects(avow_close(opened_stream()), UV_EALREADY);
  assert_rejects(avow_read(opened_stream(), 9), UV_EINVAL);
  assert_rejects(avow_write(opened_stream(), avow_string("x")), UV_EINVAL);
  assert_rejects(avow_shutdown(opened_stream()), UV_EINVAL);
  assert_holds("aello");
}

static void close_waits_for_the_pool(void **state) {
  const bool pooled = !kernel_does_files();
  open_at(0, UINT64_MAX);
  hold_pool(THREADS);
  avow_unref(avow_write(opened_stream(), avow_string("a")));
  avow_promise_t *p = avow_close(opened_stream());
  (void) uv_run(loop, UV_RUN_NOWAIT);
  if (pooled)
    assert_int_equal(avow_state(p), AVOW_PENDING);

  release_pool();

  assert_fulfills_none(p);
  run(); /* the job that blocked the pool has ended */
  assert_holds("a");
}

static void idle_stream_closes_at_once(void **state) {
  open_at(0, UINT64_MAX);

  assert_fulfills_none(avow_close(opened_stream()));
}

static void releasing_the_value_closes_the_stream(void **state) {
  fill("hello");
  open_at(0, UINT64_MAX);
  avow_promise_t *p = avow_read(opened_stream(), 9);

  avow_value_clear(&opened);

  assert_rejects(p, UV_ECANCELED);
}

/* While a write runs, between two reads. */
#ifndef NDEBUG

static avow_stream_t freed_stream(void) {
  open_at(0, 9);
  const avow_stream_t of = opened_stream();
  avow_value_clear(&opened);
  return of;
}

static void read_from_freed(void) {
  avow_unref(avow_read(freed_stream(), 1));
}

static void write_to_freed(void) {
  avow_unref(avow_write(freed_stream(), avow_string("x")));
}

static void shut_down_freed(void) {
  avow_unref(avow_shutdown(freed_stream()));
}

static void close_freed(void) {
  avow_unref(avow_close(freed_stream()));
}

static void use_of_a_freed_stream_is_misuse(void **state) {
  static void (*const uses[])(void) = { read_from_freed, write_to_freed,
                                        shut_down_freed, close_freed };
  for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
    assert_misuse(uses[i],
                  "stream used after the value that owns it was freed");
}

static void new_stream_at_a_freed_address_is_usable(void **state) {
  fill("hello");
  for (int i = 0; i < 100; i++) {
    open_at(0, 5);
    assert_fulfills_bytes(avow_read(opened_stream(), 9), "hello");
    avow_value_clear(&opened);
  }
}

#endif

static void release_of_the_file_stream_cancels_the_pump(void **state) {
  fill("hello you");
  open_at(0, UINT64_MAX);
  open_ends(avow_duplex(loop, 1, NULL), ends);
  avow_promise_t *p = avow_pump(opened_stream(), here(), NULL);
  assert_fulfills_bytes(avow_read(there(), 1), "h");
  avow_value_clear(&opened);

  assert_rejects(p, UV_ECANCELED);

  avow_value_clear(&ends[0]);
  avow_value_clear(&ends[1]);
}

static void loop_may_close_during_operations(void **state) {
  fill("hello");
  open_at(0, UINT64_MAX);
  avow_unref(avow_read(opened_stream(), 9));
  avow_unref(avow_write(opened_stream(), avow_string("a")));
  avow_unref(avow_write(opened_stream(), avow_string("b")));

  assert_int_equal(avow_loop_close(loop), 0);

  avow_value_clear(&opened);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void assert_is_canceled(avow_promise_t *p) {
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
}

static void operations_after_loop_close_reject(void **state) {
  open_at(0, UINT64_MAX);
  assert_int_equal(avow_loop_close(loop), 0);

  assert_is_canceled(avow_read(opened_stream(), 1));
  assert_is_canceled(avow_write(opened_stream(), avow_string("a")));
  assert_is_canceled(avow_read_all(opened_stream(), 1));
  assert_is_canceled(avow_shutdown(opened_stream()));
  assert_is_canceled(avow_close(opened_stream()));

  avow_value_clear(&opened);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void file_is_pumped_with_backpressure(void **state) {
  char *text = calloc(1, LARGE + 1);
  assert_non_null(text);
  memset(text, 'x', LARGE);
  fill(text);
  open_at(0, UINT64_MAX);
  open_ends(avow_duplex(loop, 10, NULL), ends);
  avow_promise_t *p = avow_pump(opened_stream(), here(), NULL);

  assert_fulfills_bytes(avow_read_all(there(), LARGE), text);

  assert_fulfills_int(p, LARGE);
  free(text);
  avow_value_clear(&ends[0]);
  avow_value_clear(&ends[1]);
}

static avow_promise_t *read_and_write(void) {
  avow_promise_t *const ps[] = { avow_read(opened_stream(), 2),
                                 avow_write(opened_stream(), avow_string("b")),
                                 avow_shutdown(opened_stream()) };
  return avow_all(loop, ps, 3);
}

/* Blocks that are kept for children may hide a failure. */
static void file_survives_failing_memory(void **state) {
  bool lacked = true;
  for (long nth = 1; lacked; nth++) {
    fill("hello");
    open_at(0, UINT64_MAX);
    fail_allocation(nth, false);
    const avow_value_t end = avow_run(read_and_write());
    lacked = allocation_failed();
    fail_allocation(0, false);
    assert_true(avow_error_code(&end) == 0 ||
                (lacked && avow_error_code(&end) == UV_ENOMEM));
    avow_value_unref(end);
    assert_fulfills_none(avow_close(opened_stream()));
    avow_value_clear(&opened);
    assert_true(nth < 100);
  }
}

static void stream_without_memory_is_refused(void **state) {
  for (long nth = 1; nth <= 2; nth++) {
    fail_allocation(nth, false);
    opened = avow_file_stream(loop, file, 0, 1);
    fail_allocation(0, false);
    assert_int_equal(avow_error_code(&opened), UV_ENOMEM);
    avow_value_clear(&opened);
  }
}

SUITE(file_stream) {
  (void) signal(SIGPIPE, SIG_IGN);
  pool_init();
  const struct CMUnitTest tests[] = {
    IN_FILE(file_is_read_from_its_offset_to_its_end),
    IN_FILE(read_stops_at_the_end_of_the_part),
    IN_FILE(offset_minus_1_reads_from_the_file_position),
    IN_FILE(invalid_offset_is_refused),
    IN_FILE(second_read_is_refused),
    IN_FILE(canceled_read_keeps_its_data_for_the_next_read),
    IN_FILE(failed_read_rejects_and_the_next_tries_again),
    IN_FILE(writes_continue_from_the_offset_in_order),
    IN_FILE(offset_minus_1_writes_at_the_file_position),
    IN_FILE(canceled_write_is_still_written),
    IN_FILE(after_a_failure_every_write_fails),
    IN_FILE(close_settles_pending_operations),
    IN_FILE(close_waits_for_the_pool),
    IN_FILE(idle_stream_closes_at_once),
    IN_FILE(releasing_the_value_closes_the_stream),
    IN_FILE(loop_may_close_during_operations),
    IN_FILE(operations_after_loop_close_reject),
    IN_FILE(file_is_pumped_with_backpressure),
    IN_FILE(release_of_the_file_stream_cancels_the_pump),
#ifndef NDEBUG
    IN_FILE(use_of_a_freed_stream_is_misuse),
    IN_FILE(new_stream_at_a_freed_address_is_usable),
#endif
    IN_FILE(file_survives_failing_memory),
    IN_FILE(stream_without_memory_is_refused),
  };
  return RUN(tests);
}
