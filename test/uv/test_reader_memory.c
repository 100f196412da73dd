/* SPDX-License-Identifier: MIT */
/* Readers: the memory that they keep, and their behavior without memory. */
#include <signal.h>
#include <unistd.h>

#include "pieces.h"

enum { LARGE = 3 << 20 };

static void write_large(void *data) {
  for (size_t done = 0; done < LARGE;) {
    const ssize_t n = write(peer, (char *) data + done, LARGE - done);
    if (n < 0)
      return;
    done += (size_t) n;
  }
}

static void exactly_reads_large_data(void **state) {
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

/* Reads a line that fills the large size almost. `more` bytes follow it. */
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

/* The next read has a new buffer, and keeps it, because it is small. */
static void large_buffer_is_freed_after_the_read(void **state) {
  read_large(0);
  const long before = live_allocations();

  say("a");
  const avow_value_t v = avow_run(exactly(1));
  avow_value_unref(v);

  assert_int_equal(live_allocations(), before + 1);
}

static void large_buffer_shrinks_to_the_remaining_bytes(void **state) {
  read_large(4);
  avow_promise_t *p = exactly(5);
  turn();

  assert_in_range(last_resize(), 1, LARGE / 10);
  say("!");
  const avow_value_t v = avow_run(p);
  assert_memory_equal(avow_to_bytes(&v, NULL), "\0\0\0\0!", 5);
  avow_value_unref(v);
}

static bool ends_well(void **state, long nth) {
  assert_int_equal(reader_teardown(state), 0);
  assert_int_equal(reader_setup(state), 0);
  say("one");
  hang_up();
  fail_allocation(nth, false);
  const avow_value_t v = avow_run(exactly(5));
  const bool failed = allocation_failed();
  fail_allocation(0, false);
  const avow_value_t *rest = avow_error_cause(&v);
  if (avow_error_code(&v) == UV_ENOMEM)
    assert_fulfills_bytes(exactly(3), "one"); /* no byte is lost */
  else if (rest != NULL) /* otherwise no memory was left to keep it */
    assert_string_equal(avow_to_bytes(rest, NULL), "one");
  avow_value_unref(v);
  return failed;
}

static void allocation_failures_at_the_end_lose_no_data(void **state) {
  for (long nth = 1; ends_well(state, nth); nth++)
    assert_true(nth < 100);
}

static bool fails_well(void **state, long nth, bool from_then_on) {
  assert_int_equal(reader_teardown(state), 0);
  assert_int_equal(reader_setup(state), 0);
  say("one\ntwo");
  fail_allocation(nth, from_then_on);
  const avow_value_t v = avow_run(line());
  const bool failed = allocation_failed();
  fail_allocation(0, false);
  if (avow_is_error(&v)) {
    assert_int_equal(avow_error_code(&v), UV_ENOMEM);
    assert_true(failed);
    assert_fulfills_bytes(line(), "one"); /* no byte is lost */
  } else {
    assert_string_equal(avow_to_bytes(&v, NULL), "one");
  }
  avow_value_unref(v);
  assert_fulfills_bytes(exactly(3), "two");
  return failed;
}

static void allocation_failures_lose_no_data(void **state) {
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
    (void) avow_resolve(ds[n], avow_none()); /* or the promise is rejected */
  }

  assert_rejects(avow_reader_line(poor, 10), UV_ENOMEM);
  assert_rejects(avow_reader_next(poor, 0), UV_EINVAL);
  avow_reader_unref(poor);
}

static int set_up_short(void **state) {
  const int err = reader_setup(state);
  avow_reader_set_idle(reader, 1);
  return err;
}

static void timeout_survives_failing_memory(void **state) {
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

#define SHORT(f) \
  cmocka_unit_test_setup_teardown(f, set_up_short, reader_teardown)

SUITE(reader_memory) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    READER(exactly_reads_large_data),
    READER(large_buffer_is_freed_after_the_read),
    READER(large_buffer_shrinks_to_the_remaining_bytes),
    READER(allocation_failures_at_the_end_lose_no_data),
    READER(allocation_failures_lose_no_data),
    READER(reader_without_memory_rejects_all),
    SHORT(timeout_survives_failing_memory),
  };
  return RUN(tests);
}
