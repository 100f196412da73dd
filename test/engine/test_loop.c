/* SPDX-License-Identifier: MIT */
/* Loops: opening, closing and statistics. */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Takes ownership of p. */
static void assert_canceled(avow_promise_t *p) {
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_string_equal(avow_err_name(avow_result(p)->code), "ECANCELED");
  avow_unref(p);
}

/* Opening and closing. */

static void init_counts_nested_calls(void **state) {
  assert_int_equal(avow_loop_init(loop, &steady), 0);
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfills_int(p, 1);
}

static void init_refuses_a_small_stack(void **state) {
  const avow_options_t options = { .stack_size = 16383 };
  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_loop_init(loop, &options), UV_EINVAL);

  assert_int_equal(avow_loop_close(loop), UV_EINVAL);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* Opens a loop with stacks and guards of these sizes. */
static int init_with(size_t stack_size, size_t guard_size) {
  const avow_options_t options = { STEADY, .stack_size = stack_size,
                                   .guard_size = guard_size };
  assert_int_equal(avow_loop_close(loop), 0);
  const int err = avow_loop_init(loop, &options);
  if (err != 0)
    assert_int_equal(avow_loop_init(loop, &steady), 0);
  return err;
}

static void init_refuses_huge_stacks_and_guards(void **state) {
  const size_t most = (size_t) 1 << (sizeof(size_t) > 4 ? 40 : 30);

  assert_int_equal(init_with(most, most), 0);
  assert_int_equal(init_with(most + 1, 0), UV_EINVAL);
  assert_int_equal(init_with(0, most + 1), UV_EINVAL);
  assert_int_equal(init_with(SIZE_MAX, 0), UV_EINVAL);
  assert_int_equal(init_with(0, SIZE_MAX), UV_EINVAL);
}

static void init_refuses_a_null_loop(void **state) {
  assert_int_equal(avow_loop_init(NULL, NULL), UV_EINVAL);
}

static void failed_init_leaves_the_loop_uninitialized(void **state) {
  uv_loop_t other;
  assert_int_equal(uv_loop_init(&other), 0);

  int err = UV_ENOMEM;
  for (long nth = 1; err == UV_ENOMEM; nth++) {
    fail_allocation(nth, false);
    err = avow_loop_init(&other, &steady);
    if (err == UV_ENOMEM)
      assert_int_equal(avow_loop_close(&other), UV_EINVAL);
  }
  fail_allocation(0, false);

  assert_int_equal(err, 0);
  assert_int_equal(avow_loop_close(&other), 0);
  assert_int_equal(uv_loop_close(&other), 0);
}

static void close_refuses_an_uninitialized_loop(void **state) {
  uv_loop_t other;
  assert_int_equal(uv_loop_init(&other), 0);

  assert_int_equal(avow_loop_close(&other), UV_EINVAL);

  assert_int_equal(uv_loop_close(&other), 0);
}

static void close_refuses_a_closed_loop(void **state) {
  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_loop_close(loop), UV_EINVAL);

  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void loop_data_belongs_to_the_program(void **state) {
  loop->data = &loop;
  avow_remote_t *r;
  avow_unref(avow_remote_new(loop, &r));
  assert_int_equal(avow_remote_resolve(r, avow_none()), 0);
  assert_fulfills_none(avow_sleep(loop, 1));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_ptr_equal(loop->data, &loop);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void init_works_again_at_the_same_address(void **state) {
  for (int i = 0; i < 3; i++) {
    avow_promise_t *p = avow_promise_resolve(loop, avow_int(i));
    assert_fulfills_int(avow_then(p, note_cb, NULL, "then"), i);
    renew_loop();
  }

  assert_notes("then then then");
}

static void use_of_no_loop(void) {
  uv_loop_t other;
  assert_int_equal(uv_loop_init(&other), 0);
  avow_promise_t *p = avow_promise_resolve(&other, avow_int(1));
  assert_rejects(p, AVOW_EMISUSE);
  assert_int_equal(uv_loop_close(&other), 0);
}

static void use_without_init_is_reported(void **state) {
  assert_misuse(use_of_no_loop, "call avow_loop_init(loop, NULL) first");
}

/* The data that avow keeps for a loop is freed with the last promise of the
   loop. */
static void promises_of_many_closed_loops_stay_readable(void **state) {
  enum { LOOPS = 1000 };
  avow_promise_t **held = test_calloc(LOOPS, sizeof(avow_promise_t *));
  uv_loop_t other;
  assert_int_equal(uv_loop_init(&other), 0);
  for (int i = 0; i < LOOPS; i++) {
    assert_int_equal(avow_loop_init(&other, &steady), 0);
    held[i] = avow_promise_resolve(&other, avow_int(i));
    assert_int_equal(avow_loop_close(&other), 0);
  }

  for (int i = LOOPS; i-- > 0;) {
    assert_int_equal(avow_to_int(avow_result(held[i])), i);
    avow_unref(held[i]);
  }
  assert_int_equal(uv_loop_close(&other), 0);
  test_free(held);
}

/* The effect of closing on pending promises. */

static void close_cancels_a_deferred(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);

  renew_loop();

  assert_canceled(p);
  assert_false(avow_resolve(d, avow_string("late")));
}

static void deferreds_may_be_dropped_after_close(void **state) {
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));
  avow_deferred_t *again = avow_deferred_ref(d);

  renew_loop();

  avow_deferred_drop(d);
  avow_deferred_drop(again);
}

static void close_cancels_combinators_and_their_inputs(void **state) {
  avow_deferred_t *d;
  avow_promise_t *ps[] = { avow_sleep(loop, 60000),
                           avow_promise_new(loop, &d) };
  avow_promise_t *held = avow_ref(ps[0]);
  avow_promise_t *p = avow_all(loop, ps, 2);

  renew_loop();

  assert_canceled(p);
  assert_canceled(held);
  avow_deferred_drop(d);
}

static void close_cancels_an_open_gather(void **state) {
  avow_gather_t *g, *empty;
  avow_promise_t *some = avow_gather_new(loop, AVOW_ALL, &g);
  avow_gather_add(g, avow_sleep(loop, 60000));
  avow_promise_t *none = avow_gather_new(loop, AVOW_ANY, &empty);

  renew_loop();

  assert_canceled(some);
  assert_canceled(none);
  avow_gather_unref(g);
  avow_gather_end(empty);
  avow_gather_unref(empty);
}

/* Takes ownership of p. */
static void assert_close_cancels(avow_promise_t *p) {
  renew_loop();

  assert_canceled(p);
}

static void close_cancels_a_race_without_inputs(void **state) {
  assert_close_cancels(avow_race(loop, NULL, 0));
}

static void close_cancels_a_repeat(void **state) {
  assert_close_cancels(avow_repeat(loop, note_fn, "step"));

  assert_notes("");
}

static avow_value_t sleep_fn(void *data) {
  return avow_follow(avow_sleep(loop, 60000));
}

static void close_cancels_a_waiting_repeat(void **state) {
  avow_promise_t *p = avow_repeat(loop, sleep_fn, NULL);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* not 0: the sleep is pending */

  assert_close_cancels(p);
}

static void close_cancels_promises_that_adopt_each_other(void **state) {
  avow_deferred_t *dp, *dq;
  avow_promise_t *p = avow_promise_new(loop, &dp);
  avow_promise_t *q = avow_promise_new(loop, &dq);
  (void) avow_resolve(dp, avow_follow(avow_ref(q)));
  (void) avow_resolve(dq, avow_follow(avow_ref(p)));
  run();

  renew_loop();

  assert_canceled(p);
  assert_canceled(q);
}

static void close_frees_an_unreferenced_cycle(void **state) {
  avow_deferred_t *dp, *dq;
  avow_promise_t *p = avow_promise_new(loop, &dp);
  avow_promise_t *q = avow_promise_new(loop, &dq);
  (void) avow_resolve(dp, avow_follow(q));
  (void) avow_resolve(dq, avow_follow(p));

  renew_loop(); /* the fixture reports leaks */
}

static void close_runs_handlers_in_order(void **state) {
  avow_promise_t *p = avow_sleep(loop, 60000);
  p = avow_then(p, note_cb, NULL, "then");
  p = avow_catch(p, note_cb, "catch");
  p = avow_finally(p, note_fn, "finally");
  p = avow_attach(p, "attach", note_free);

  renew_loop();

  assert_canceled(p);
  assert_notes("catch finally attach");
}

static void close_runs_queued_jobs(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));
  p = avow_then(p, note_cb, NULL, "then");

  renew_loop();

  assert_int_equal(avow_to_int(avow_result(p)), 1);
  avow_unref(p);
  assert_notes("then");
}

static avow_value_t open_fn(void *data) {
  return avow_follow(avow_fs_open(loop, "/dev/null", O_RDONLY, 0));
}

static void close_waits_for_requests_in_flight(void **state) {
  avow_promise_t *p = avow_fs_open(loop, "/dev/null", O_RDONLY, 0);
  avow_promise_t *q = avow_finally(avow_sleep(loop, 60000), open_fn, NULL);

  renew_loop();

  assert_canceled(p);
  assert_canceled(q);
}

typedef struct {
  uv_work_t request;
  uv_sem_t may_end;
  avow_deferred_t *deferred;
} work_t;

static void work_until_signaled(uv_work_t *request) {
  uv_sem_wait(&((work_t *) request)->may_end);
}

static void after_work(uv_work_t *request, int status) {
  work_t *work = (work_t *) request;
  note("after work");
  assert_false(avow_resolve(work->deferred, avow_int(1))); /* too late */
}

static void close_loop(void) {
  assert_int_equal(avow_loop_close(loop), 0);
}

static void assert_close_says(const char *expected) {
  char text[512];
  FILE *file = stderr_of(close_loop);
  text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
  (void) fclose(file);
#ifdef NDEBUG
  expected = "";
#endif
  assert_int_equal(strncmp(text, expected, strlen(expected)), 0);
}

/* The callback of the request settles the deferred, but only after
   avow_loop_close(). */
static void deferred_of_a_pending_request_is_left_to_its_callback(
    void **state) {
  work_t work;
  assert_int_equal(uv_sem_init(&work.may_end, 0), 0);
  avow_unref(avow_promise_new(loop, &work.deferred));
  assert_int_equal(uv_queue_work(loop, &work.request, work_until_signaled,
                                 after_work),
                   0);

  assert_close_says(
      "avow: avow_loop_close(): 1 deferred, and requests or handles of the "
      "program, are left; call uv_run() before uv_loop_close() if a callback "
      "settles it; otherwise call avow_deferred_drop() on it\n");

  assert_notes("");
  uv_sem_post(&work.may_end);
  run();
  assert_notes("after work");
  uv_sem_destroy(&work.may_end);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static uv_idle_t idles[2];

static void begin_a_phase(uv_handle_t *handle) {
  avow_unref(avow_before_poll(loop));
}

static void close_the_second(uv_handle_t *handle) {
  uv_close((uv_handle_t *) &idles[1], begin_a_phase);
}

/* libuv calls the first close callback before avow closes its handles, and the
   second one after that. */
static void handles_started_during_close_are_closed(void **state) {
  assert_int_equal(uv_idle_init(loop, &idles[0]), 0);
  assert_int_equal(uv_idle_init(loop, &idles[1]), 0);
  uv_close((uv_handle_t *) &idles[0], close_the_second);

  renew_loop();
}

static void referenced_promises_stay_valid_after_close(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_string("kept"));
  avow_promise_t *q = avow_promise_reject(loop, avow_error(UV_EIO));

  renew_loop();

  assert_string_equal(avow_to_bytes(avow_result(p), NULL), "kept");
  assert_int_equal(avow_result(q)->code, UV_EIO);
  avow_unref(p);
  assert_rejects(q, UV_EIO);
}

static void then_after_close_is_rejected(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_string("kept"));
  renew_loop();

  p = avow_then(p, note_cb, note_cb, "then");

  assert_canceled(p);
  assert_notes("");
}

static void finally_and_attach_after_close_run_at_once(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));
  avow_promise_t *q = avow_promise_resolve(loop, avow_int(2));
  renew_loop();

  p = avow_finally(p, note_fn, "finally");
  q = avow_attach(q, "attach", note_free);

  assert_canceled(p);
  assert_canceled(q);
  assert_notes("finally attach");
}

static avow_value_t busy_cb(const avow_value_t *arg, void *data) {
  assert_int_equal(avow_loop_close(loop), UV_EBUSY);
  note("busy");
  return avow_none();
}

static void keep_line(const char *line, void *kept) {
  (void) snprintf(kept, 200, "%s", line);
}

static void close_is_refused_inside_a_callback(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  char line[200] = "";
  avow_set_log(keep_line, line);

  assert_fulfills_none(avow_then(p, busy_cb, NULL, NULL));

  avow_set_log(NULL, NULL);
  assert_notes("busy");
#ifndef NDEBUG
  assert_string_equal(
      line,
      "avow: avow_loop_close(): called inside a callback; call it "
      "when avow_run() or uv_run() has returned");
#endif
}

static avow_value_t init_cb(const avow_value_t *arg, void *data) {
  assert_int_equal(avow_loop_init(loop, NULL), UV_EBUSY);
  assert_int_equal(avow_loop_close(loop), UV_EBUSY);
  note("busy");
  return avow_none();
}

static void init_and_close_are_refused_during_close(void **state) {
  avow_unref(avow_catch(avow_sleep(loop, 60000), init_cb, NULL));

  renew_loop();

  assert_notes("busy");
}

static void close_in_a_callback(uv_handle_t *handle) {
  assert_int_equal(avow_loop_close(loop), UV_EBUSY);
  note("busy");
}

static void close_is_refused_in_a_close_callback(void **state) {
  uv_timer_t timer;
  assert_int_equal(uv_timer_init(loop, &timer), 0);
  uv_close((uv_handle_t *) &timer, close_in_a_callback);

  renew_loop();

  assert_notes("busy");
}

/* Statistics. */

static avow_stats_t stats(void) {
  avow_stats_t now;
  avow_loop_stats(loop, &now, sizeof(now));
  return now;
}

static void stats_of_a_new_loop_are_zero(void **state) {
  const avow_stats_t now = stats();

  assert_int_equal(now.live, 0);
  assert_int_equal(now.pending, 0);
  assert_int_equal(now.queued, 0);
  assert_int_equal(now.jobs, 0);
  assert_int_equal(now.requests, 0);
  assert_int_not_equal(now.allocations, 0);
}

static void stats_count_promises_and_jobs(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *q = avow_promise_resolve(loop, avow_int(1));
  q = avow_then(avow_then(q, note_cb, NULL, "1"), note_cb, NULL, "2");

  const avow_stats_t before = stats();
  run();
  const avow_stats_t after = stats();

  assert_int_equal(before.live, 4);
  assert_int_equal(before.pending, 3);
  assert_int_equal(before.queued, 1);
  assert_int_equal(after.live, 2);
  assert_int_equal(after.pending, 1);
  assert_int_equal(after.queued, 0);
  assert_int_equal(after.jobs, 2);
  avow_unref(q);
  assert_true(avow_resolve(d, avow_none()));
  avow_unref(p);
}

static void stats_count_requests_in_flight(void **state) {
  avow_promise_t *p = avow_fs_close(loop, -1);

  assert_int_equal(stats().requests, 1);

  assert_rejects(p, UV_EBADF);
  assert_int_equal(stats().requests, 0);
}

#ifndef AVOW_NO_POOL
static void promises_reuse_freed_memory(void **state) {
  uint64_t before = 0;
  for (int i = 0; i < 20000; i++) {
    if (i == 10000) /* a checked build keeps freed promises for a while */
      before = stats().allocations;
    avow_promise_t *p = avow_promise_resolve(loop, avow_none());
    assert_fulfills_none(avow_then(p, NULL, NULL, NULL));
  }

  assert_int_equal(stats().allocations, before);
}
#endif

SUITE(loop) {
  const struct CMUnitTest tests[] = {
    CASE(init_counts_nested_calls),
    CASE(init_refuses_a_small_stack),
    CASE(init_refuses_huge_stacks_and_guards),
    CASE(init_refuses_a_null_loop),
    CASE(failed_init_leaves_the_loop_uninitialized),
    CASE(close_refuses_an_uninitialized_loop),
    CASE(close_refuses_a_closed_loop),
    CASE(loop_data_belongs_to_the_program),
    CASE(init_works_again_at_the_same_address),
    CASE(use_without_init_is_reported),
    CASE(promises_of_many_closed_loops_stay_readable),
    CASE(close_cancels_a_deferred),
    CASE(deferreds_may_be_dropped_after_close),
    CASE(close_cancels_combinators_and_their_inputs),
    CASE(close_cancels_an_open_gather),
    CASE(close_cancels_a_race_without_inputs),
    CASE(close_cancels_a_repeat),
    CASE(close_cancels_a_waiting_repeat),
    CASE(close_cancels_promises_that_adopt_each_other),
    CASE(close_frees_an_unreferenced_cycle),
    CASE(close_runs_handlers_in_order),
    CASE(close_runs_queued_jobs),
    CASE(close_waits_for_requests_in_flight),
    CASE(deferred_of_a_pending_request_is_left_to_its_callback),
    CASE(handles_started_during_close_are_closed),
    CASE(referenced_promises_stay_valid_after_close),
    CASE(then_after_close_is_rejected),
    CASE(finally_and_attach_after_close_run_at_once),
    CASE(close_is_refused_inside_a_callback),
    CASE(init_and_close_are_refused_during_close),
    CASE(stats_of_a_new_loop_are_zero),
    CASE(stats_count_promises_and_jobs),
    CASE(stats_count_requests_in_flight),
#ifndef AVOW_NO_POOL
    CASE(promises_reuse_freed_memory),
#endif
    CASE(close_is_refused_in_a_close_callback),
  };
  return RUN(tests);
}
