/* SPDX-License-Identifier: MIT */
/* Loops on threads of their own that cannot start, or cannot run a function. */
#include <sys/resource.h>

#include "famine.h"
#include "harness.h"

static avow_loops_t *loops;

static int set_up(void **state) {
  const int err = harness_setup(state);
  loops = avow_loops_new(4);
  return err;
}

static void end_loops(void) {
  assert_fulfills_none(avow_loops_close(loops, loop));
}

static avow_value_t do_nothing_there(uv_loop_t *own, void *data) {
  return avow_none();
}

static void loops_without_memory_are_refused(void **state) {
  fail_allocation(1, true);
  avow_loops_t *none = avow_loops_new(2);
  fail_allocation(0, false);

  assert_rejects(avow_loops_run(none, 0, loop, do_nothing_there, NULL),
                 UV_ENOMEM);
  assert_int_equal(avow_loops_count(none), 0);

  assert_fulfills_none(avow_loops_close(none, loop));
  assert_rejects(avow_loops_run(avow_loops_new(SIZE_MAX), 0, loop,
                                do_nothing_there, NULL),
                 UV_ENOMEM);
  end_loops();
}

/* Any of its allocations may fail. */
static void loop_that_cannot_start_is_refused(void **state) {
  size_t count = 0;
  for (long nth = 2; count == 0; nth++) {
    fail_allocation(nth, true);
    avow_loops_t *one = avow_loops_new(1);
    fail_allocation(0, false);
    count = avow_loops_count(one);
    if (count == 0)
      assert_rejects(avow_loops_run(one, 0, loop, do_nothing_there, NULL),
                     UV_ENOMEM);
    assert_fulfills_none(avow_loops_close(one, loop));
  }

  end_loops();
}

/* Any allocation for any of the loops may fail. */
static void loops_start_all_or_none(void **state) {
  const long before = allocation_calls();
  assert_fulfills_none(avow_loops_close(avow_loops_new(1), loop));
  const long for_one = allocation_calls() - before;
  size_t count = 0;
  long nth;
  for (nth = 1; count == 0; nth++) {
    fail_allocation(nth, true);
    avow_loops_t *some = avow_loops_new(3);
    fail_allocation(0, false);
    count = avow_loops_count(some);
    if (count == 0) {
      assert_rejects(avow_loops_run(some, 0, loop, do_nothing_there, NULL),
                     UV_ENOMEM);
      assert_rejects(avow_loops_run(some, AVOW_LEAST_BUSY, loop,
                                    do_nothing_there, NULL),
                     UV_ENOMEM);
    }
    assert_fulfills_none(avow_loops_close(some, loop));
  }

  assert_int_equal(count, 3);
  assert_true(nth > for_one); /* some failed after others */
  end_loops();
}

/* Runs with `n` blocks left, no reserve, and other memory until the nth
   allocation. */
static int run_with(size_t n, long nth) {
  avow_promise_t *left[8];
  for (size_t i = 0; i < n; i++)
    left[i] = avow_promise_resolve(loop, avow_none());
  use_up_reserve();
  for (size_t i = 0; i < n; i++)
    avow_unref(left[i]);
  fail_allocation(nth, true);
  avow_promise_t *p = avow_loops_run(loops, 0, loop, do_nothing_there, NULL);
  fail_allocation(0, false);
  const avow_value_t v = avow_run(p);
  const int code = avow_error_code(&v);
  avow_value_unref(v);
  give_back_memory();
  return code;
}

/* Any block may be the missing one. */
static void run_without_memory_for_blocks_is_refused(void **state) {
  int code = 0;
  for (size_t n = 0; n < 8; n++) {
    for (long nth = 1; nth < 20; nth++) {
      code = run_with(n, nth);
      assert_true(code == UV_ENOMEM || code == 0);
    }
  }

  assert_int_equal(code, 0);
  end_loops();
}

/* No address space has room for such a stack. libuv reads the limit, which an
   emulator does not change. musl takes at most a quarter of all addresses, and
   libuv aborts if it requests more. */
static bool forbid_threads(struct rlimit *old) {
  struct rlimit now;
  if (getrlimit(RLIMIT_STACK, old) != 0 || old->rlim_max != RLIM_INFINITY)
    return false;
  const rlim_t part = sizeof(void *) > 4 ? 15 : 63;
  const struct rlimit vast = { .rlim_cur = (rlim_t) SIZE_MAX / 64 * part,
                               .rlim_max = RLIM_INFINITY };
  return setrlimit(RLIMIT_STACK, &vast) == 0 &&
         getrlimit(RLIMIT_STACK, &now) == 0 && now.rlim_cur == vast.rlim_cur;
}

static void do_nothing(void *data) {
}

static void loops_without_threads_are_refused(void **state) {
  struct rlimit old;
  uv_thread_t thread;
  if (!forbid_threads(&old)) {
    end_loops();
    skip_because("threads cannot be forbidden here");
  }

  avow_loops_t *none = avow_loops_new(2);
  const int err = uv_thread_create(&thread, do_nothing, NULL);
  (void) setrlimit(RLIMIT_STACK, &old);

  assert_int_not_equal(err, 0); /* UV_EAGAIN, or the code under valgrind */
  assert_int_equal(avow_loops_count(none), 0);
  assert_rejects(avow_loops_run(none, 0, loop, do_nothing_there, NULL), err);
  assert_fulfills_none(avow_loops_close(none, loop));
  end_loops();
}

#define LOOPS_CASE(f) \
  cmocka_unit_test_setup_teardown(f, set_up, harness_teardown)

SUITE(loops_fails) {
  const struct CMUnitTest tests[] = {
    LOOPS_CASE(loops_without_memory_are_refused),
    LOOPS_CASE(loop_that_cannot_start_is_refused),
    LOOPS_CASE(loops_start_all_or_none),
    LOOPS_CASE(run_without_memory_for_blocks_is_refused),
    LOOPS_CASE(loops_without_threads_are_refused),
  };
  return RUN(tests);
}
