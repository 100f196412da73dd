/* SPDX-License-Identifier: MIT */
/*
 * Misuse by programs. Checked builds print the fix and abort. Release builds
 * degrade if they can survive the misuse, and each function here checks how.
 * Misuse that only checked builds detect is tested only there.
 */
#include "avow/stackless.h"
#include "elsewhere.h"

/* A loop without avow. */
static uv_loop_t bare;

static void resolve_on_bare_loop(void) {
  avow_promise_t *p = avow_promise_resolve(&bare, avow_string("lost"));

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_rejects(avow_then(p, note_cb, NULL, "never"), AVOW_EMISUSE);
  assert_notes("");
}

static void create_deferred_on_bare_loop(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(&bare, &d);

  assert_false(avow_resolve(d, avow_string("lost")));
  assert_rejects(p, AVOW_EMISUSE);
}

static void try_on_bare_loop(void) {
  assert_rejects(avow_try(&bare, note_fn, "never"), AVOW_EMISUSE);
  assert_rejects(avow_repeat(&bare, note_fn, "never"), AVOW_EMISUSE);
  assert_notes("");
}

static void sleep_on_bare_loop(void) {
  avow_promise_t *p = avow_timeout(avow_sleep(&bare, 1), 1);

  assert_rejects(avow_finally(p, note_fn, "finally"), AVOW_EMISUSE);
  assert_notes("finally");
}

static void gather_on_bare_loop(void) {
  avow_promise_t *const ps[] = { avow_promise_resolve(loop, avow_string("x")) };
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(&bare, AVOW_ALL, &g);
  avow_gather_add(g, avow_promise_resolve(loop, avow_string("y")));

  avow_gather_end(g);
  avow_gather_unref(g);
  assert_rejects(p, AVOW_EMISUSE);
  assert_rejects(avow_all(&bare, ps, 1), AVOW_EMISUSE);
}

static void create_remote_on_bare_loop(void) {
  avow_remote_t *r;
  avow_promise_t *p = avow_remote_new(&bare, &r);

  assert_int_equal(avow_remote_resolve(r, avow_string("x")), UV_ECANCELED);
  assert_rejects(p, AVOW_EMISUSE);
}

static void read_stats_of_bare_loop(void) {
  avow_stats_t stats = { .live = 1 };

  avow_loop_stats(&bare, &stats, sizeof(stats));

  assert_int_equal(stats.live, 0);
  assert_int_equal(stats.pending, 0);
}

static void uninitialized_loop_is_reported(void **state) {
  static void (*const mistakes[])(
      void) = { resolve_on_bare_loop,   create_deferred_on_bare_loop,
                try_on_bare_loop,       sleep_on_bare_loop,
                gather_on_bare_loop,    create_remote_on_bare_loop,
                read_stats_of_bare_loop };

  for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
    assert_misuse(mistakes[i], "call avow_loop_init(loop, NULL) first");
}

static void sleep_on_a_closed_loop(void) {
  uv_loop_t own;
  assert_int_equal(uv_loop_init(&own), 0);
  assert_int_equal(avow_loop_init(&own, &steady), 0);
  assert_int_equal(avow_loop_close(&own), 0);

  assert_rejects(avow_sleep(&own, 0), AVOW_EMISUSE);
  assert_int_equal(uv_loop_close(&own), 0);
}

static void closed_loop_is_reported(void **state) {
  assert_misuse(sleep_on_a_closed_loop,
                "avow_sleep(): loop is closed or not initialized");
}

#ifndef NDEBUG /* a release build continues without avow's data of the loop */

static void close_the_uv_loop_first(void) {
  uv_loop_t own;
  assert_int_equal(uv_loop_init(&own), 0);
  assert_int_equal(avow_loop_init(&own, &steady), 0);
  uv_walk(&own, close_handle, NULL);
  assert_int_equal(uv_run(&own, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_loop_close(&own), 0);

  assert_int_equal(avow_loop_close(&own), UV_EINVAL);
}

static void closing_the_uv_loop_before_avow_is_reported(void **state) {
  assert_misuse(close_the_uv_loop_first, "call avow_loop_close() first");
}

#endif

static avow_value_t follow(const avow_value_t *arg, void *promise) {
  return avow_follow(promise);
}

static avow_value_t follow_fn(void *promise) {
  return avow_follow(promise);
}

static void follow_promise_of_other_loop(void) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());

  assert_rejects(avow_then(p, follow, NULL, promise_on_second_loop()),
                 AVOW_EMISUSE);
  close_second_loop();
}

static void finally_with_promise_of_other_loop(void) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());

  assert_rejects(avow_finally(p, follow_fn, promise_on_second_loop()),
                 AVOW_EMISUSE);
  close_second_loop();
}

static void repeat_with_promise_of_other_loop(void) {
  assert_rejects(avow_repeat(loop, follow_fn, promise_on_second_loop()),
                 AVOW_EMISUSE);
  close_second_loop();
}

static void gather_promise_of_other_loop(void) {
  avow_promise_t *const ps[] = { avow_promise_resolve(loop, avow_none()),
                                 promise_on_second_loop() };

  assert_rejects(avow_all(loop, ps, 2), AVOW_EMISUSE);
  close_second_loop();
}

static void stop_by_promise_of_other_loop(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *stop = promise_on_second_loop();

  assert_rejects(avow_until(p, stop), AVOW_EMISUSE);
  avow_unref(stop);
  avow_deferred_drop(d);
  close_second_loop();
}

static void promise_of_another_loop_is_refused(void **state) {
  static void (*const mistakes[])(void) = { follow_promise_of_other_loop,
                                            finally_with_promise_of_other_loop,
                                            repeat_with_promise_of_other_loop,
                                            gather_promise_of_other_loop,
                                            stop_by_promise_of_other_loop };

  for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
    assert_misuse(mistakes[i], "send its value with avow_remote_resolve()");
}

static void send_a_promise(void) {
  avow_remote_t *r;
  avow_promise_t *p = avow_remote_new(loop, &r);
  avow_promise_t *sent = avow_promise_resolve(loop, avow_int(1));

  assert_int_equal(avow_remote_resolve(r, avow_follow(sent)), 0);
  assert_rejects(p, AVOW_EMISUSE);
}

static void promise_sent_through_a_remote_is_refused(void **state) {
  assert_misuse(send_a_promise, "settle it there and send its value");
}

static avow_value_t run_inside(const avow_value_t *arg, void *promise) {
  const avow_value_t v = avow_run(promise);
  assert_int_equal(avow_error_code(&v), AVOW_EMISUSE);
  return v;
}

static void run_in_a_handler(void) {
  avow_deferred_t *d;
  avow_promise_t *inner = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());

  assert_rejects(avow_then(p, run_inside, NULL, inner), AVOW_EMISUSE);
  assert_true(avow_resolve(d, avow_none()));
}

static void run_in_a_callback_is_refused(void **state) {
  assert_misuse(run_in_a_handler, "avow_run(): called inside a callback");
}

#ifndef NDEBUG

static void use_null(void) {
  avow_unref(avow_then(NULL, note_cb, NULL, "never"));
}

static void run_null(void) {
  avow_ignore(avow_run(NULL));
}

static void gather_null(void) {
  avow_promise_t *const ps[] = { NULL };
  avow_unref(avow_all(loop, ps, 1));
}

static void null_promise_is_reported(void **state) {
  assert_misuse(use_null, "promise is NULL; pass a valid promise");
  assert_misuse(run_null, "promise is NULL; pass a valid promise");
  assert_misuse(gather_null, "promise is NULL; pass a valid promise");
}

static void make_a_promise(void *data) {
  avow_unref(avow_sleep(loop, 0));
}

static void release_promise(void *promise) {
  avow_unref(promise);
}

static void settle(void *deferred) {
  (void) avow_resolve(deferred, avow_none());
}

/* The loop belongs to this thread once its callbacks ran here and others are
   pending. */
static void call_in_thread(uv_thread_cb fn, void *data) {
  uv_thread_t thread;
  avow_unref(avow_sleep(loop, 0));
  run();
  avow_unref(avow_sleep(loop, 60000));
  assert_int_equal(uv_thread_create(&thread, fn, data), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
}

static void make_in_a_thread(void) {
  call_in_thread(make_a_promise, NULL);
}

static void release_in_a_thread(void) {
  call_in_thread(release_promise, avow_promise_resolve(loop, avow_none()));
}

static void settle_in_a_thread(void) {
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));
  call_in_thread(settle, d);
}

static void ref_in_a_thread(void *promise) {
  avow_unref(avow_ref(promise));
}

/* No callback of avow has run on that thread. */
static void ref_in_a_thread_after_uv_run(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  uv_thread_t thread;
  avow_unref(avow_sleep(loop, 60000));
  (void) uv_run(loop, UV_RUN_NOWAIT); /* handles are left */
  assert_int_equal(uv_thread_create(&thread, ref_in_a_thread, p), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
}

static void read_the_state(void *promise) {
  (void) avow_state(promise); /* any state */
}

static void read_the_result(void *promise) {
  (void) avow_result(promise); /* any result */
}

static void init_again(void *data) {
  (void) avow_loop_init(loop, &steady);
}

static void read_stats(void *data) {
  avow_stats_t stats;
  avow_loop_stats(loop, &stats, sizeof(stats));
}

static void dump(void *data) {
  avow_loop_dump(loop, stdout);
}

static void close_group(void *group) {
  avow_group_unref(group);
}

static void cancel_losers(void *combined) {
  avow_unref(avow_cancel_losers(combined));
}

static void join_losers(void *combined) {
  avow_unref(avow_join_losers(combined));
}

static void read_the_state_in_a_thread(void) {
  call_in_thread(read_the_state, avow_promise_resolve(loop, avow_none()));
}

static void read_the_result_in_a_thread(void) {
  call_in_thread(read_the_result, avow_promise_resolve(loop, avow_none()));
}

static void init_again_in_a_thread(void) {
  call_in_thread(init_again, NULL);
}

static void read_stats_in_a_thread(void) {
  call_in_thread(read_stats, NULL);
}

static void dump_in_a_thread(void) {
  call_in_thread(dump, NULL);
}

static void close_a_group_in_a_thread(void) {
  avow_group_t *group;
  avow_unref(avow_group_new(loop, &group));
  call_in_thread(close_group, group);
}

static void cancel_losers_in_a_thread(void) {
  call_in_thread(cancel_losers, avow_race(loop, NULL, 0));
}

static void join_losers_in_a_thread(void) {
  call_in_thread(join_losers, avow_race(loop, NULL, 0));
}

static void close_the_loop(void *data) {
  (void) avow_loop_close(loop); /* the loop runs on another thread */
}

static avow_value_t close_in_a_thread(const avow_value_t *arg, void *data) {
  uv_thread_t thread;
  assert_int_equal(uv_thread_create(&thread, close_the_loop, NULL), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
  return avow_none();
}

/* avow_run() runs this handler before it calls uv_run(). */
static void close_in_a_thread_before_uv_run(void) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_ignore(avow_run(avow_then(p, close_in_a_thread, NULL, NULL)));
}

static void close_in_a_thread_during_uv_run(void) {
  avow_promise_t *p = avow_next_iteration(loop);
  avow_ignore(avow_run(avow_then(p, close_in_a_thread, NULL, NULL)));
}

static avow_value_t run_the_loop(const avow_value_t *arg, void *data) {
  (void) uv_run(loop, UV_RUN_NOWAIT); /* a handler must not do this */
  return avow_none();
}

static void uv_run_in_a_handler(void) {
  avow_remote_t *r; /* a reason to run the loop */
  avow_unref(avow_remote_new(loop, &r));
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_ignore(avow_run(avow_then(p, run_the_loop, NULL, NULL)));
}

static jmp_buf outside;

static avow_value_t jump_out(const avow_value_t *arg, void *data) {
  longjmp(outside, 1);
}

static void run_after_a_jump(void) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  if (setjmp(outside) == 0)
    avow_ignore(avow_run(avow_then(p, jump_out, NULL, NULL)));
  avow_ignore(avow_run(avow_sleep(loop, 1)));
}

static void longjmp_out_of_a_handler_is_reported(void **state) {
  assert_misuse(run_after_a_jump, "or a callback was left by longjmp()");
}

static void uv_run_inside_a_callback_is_reported(void **state) {
  assert_misuse(uv_run_in_a_handler, "uv_run(): called inside a callback");
}

/* Initializes loops on one thread and runs them on another. */

static void run_promise(void *p) {
  avow_unref(avow_sleep(loop, 0));
  avow_value_unref(avow_run(p));
}

static void run_in_a_thread(avow_promise_t *p) {
  uv_thread_t thread;
  assert_int_equal(uv_thread_create(&thread, run_promise, p), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
}

static void run_to_the_end(void *data) {
  avow_unref(avow_sleep(loop, 0));
  run();
}

static void loop_may_change_threads_after_it_runs_to_the_end(void **state) {
  uv_thread_t thread;
  let_threads_take_turns();
  assert_int_equal(uv_thread_create(&thread, run_to_the_end, NULL), 0);
  assert_int_equal(uv_thread_join(&thread), 0);

  assert_fulfills_int(avow_promise_resolve(loop, avow_int(1)), 1);
}

static void start_to_sleep(void *data) {
  avow_unref(avow_sleep(loop, 60000));
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the sleep is left */
}

static void loop_may_change_threads_between_turns_of_uv_run(void **state) {
  uv_thread_t thread;
  let_threads_take_turns();
  assert_int_equal(uv_thread_create(&thread, start_to_sleep, NULL), 0);
  assert_int_equal(uv_thread_join(&thread), 0);

  avow_unref(avow_promise_resolve(loop, avow_none()));
}

static avow_value_t end_step(const avow_value_t *arg, void *frame) {
  return avow_none();
}

#  ifndef AVOW_NO_ASYNC
static avow_value_t end_function(void *data) {
  return avow_none();
}
#  endif

static void loop_may_change_threads_after_a_function_starts(void **state) {
  avow_frame_t frame;
  let_threads_take_turns();
  run_in_a_thread(avow_stackless(loop, end_step, &frame));
#  ifndef AVOW_NO_ASYNC
  run_in_a_thread(avow_async(loop, end_function, NULL));
#  endif
}

static void sleep_in_a_thread_before_the_first_run(void) {
  uv_thread_t thread;
  assert_int_equal(uv_thread_create(&thread, run_to_the_end, NULL), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
}

static void thread_that_opened_the_loop_owns_it(void **state) {
  assert_misuse(sleep_in_a_thread_before_the_first_run,
                "avow_sleep(): called on a thread other than the loop's");
}

static void make_in_a_callback(uv_check_t *check) {
  avow_unref(avow_promise_resolve(loop, avow_none()));
}

static void run_uv(void *data) {
  (void) uv_run(loop, UV_RUN_NOWAIT); /* handles are left */
}

/* The callback of the program does not tell avow which thread it is on. */
static void thread_that_runs_the_loop_owns_it(void **state) {
  uv_check_t check;
  uv_thread_t thread;
  assert_int_equal(uv_check_init(loop, &check), 0);
  assert_int_equal(uv_check_start(&check, make_in_a_callback), 0);

  assert_int_equal(uv_thread_create(&thread, run_uv, NULL), 0);
  assert_int_equal(uv_thread_join(&thread), 0);

  run_uv(NULL);
  uv_close((uv_handle_t *) &check, NULL);
  run_uv(NULL); /* closes it */
  assert_fulfills_int(avow_promise_resolve(loop, avow_int(1)), 1);
}

static void calls_on_other_threads_are_reported(void **state) {
  assert_misuse(make_in_a_thread, "called on a thread other than the loop's");
  assert_misuse(release_in_a_thread,
                "called on a thread other than the loop's");
  assert_misuse(settle_in_a_thread, "called on a thread other than the loop's");
  assert_misuse(read_the_state_in_a_thread,
                "called on a thread other than the loop's");
  assert_misuse(read_the_result_in_a_thread,
                "called on a thread other than the loop's");
  assert_misuse(ref_in_a_thread_after_uv_run,
                "called on a thread other than the loop's");
  assert_misuse(init_again_in_a_thread,
                "called on a thread other than the loop's");
  assert_misuse(read_stats_in_a_thread,
                "called on a thread other than the loop's");
  assert_misuse(dump_in_a_thread, "called on a thread other than the loop's");
  assert_misuse(close_a_group_in_a_thread,
                "called on a thread other than the loop's");
  assert_misuse(cancel_losers_in_a_thread,
                "called on a thread other than the loop's");
  assert_misuse(join_losers_in_a_thread,
                "called on a thread other than the loop's");
  assert_misuse(close_in_a_thread_before_uv_run,
                "called on a thread other than the loop's");
  assert_misuse(close_in_a_thread_during_uv_run,
                "called on a thread other than the loop's");
}

#endif

static void make_bytes_from_null(void) {
  const avow_value_t v = avow_bytes(NULL, 3);
  assert_int_equal(avow_error_code(&v), AVOW_EMISUSE);
  avow_value_unref(v);
}

static void bytes_from_null_are_refused(void **state) {
  assert_misuse(make_bytes_from_null,
                "avow_bytes(): source of the bytes is NULL");

  const avow_value_t none = avow_bytes(NULL, 0);
  assert_int_equal(none.tag, AVOW_BYTES);
  avow_value_unref(none);
}

SUITE(misuse) {
  const struct CMUnitTest tests[] = {
    CASE(uninitialized_loop_is_reported),
    CASE(closed_loop_is_reported),
#ifndef NDEBUG
    CASE(closing_the_uv_loop_before_avow_is_reported),
#endif
    CASE(promise_of_another_loop_is_refused),
    CASE(promise_sent_through_a_remote_is_refused),
    CASE(run_in_a_callback_is_refused),
#ifndef NDEBUG
    CASE(null_promise_is_reported),
    CASE(loop_may_change_threads_after_a_function_starts),
    CASE(loop_may_change_threads_after_it_runs_to_the_end),
    CASE(loop_may_change_threads_between_turns_of_uv_run),
    CASE(thread_that_opened_the_loop_owns_it),
    CASE(thread_that_runs_the_loop_owns_it),
    CASE(calls_on_other_threads_are_reported),
    CASE(longjmp_out_of_a_handler_is_reported),
    CASE(uv_run_inside_a_callback_is_reported),
#endif
    CASE(bytes_from_null_are_refused),
  };
  return RUN(tests);
}
