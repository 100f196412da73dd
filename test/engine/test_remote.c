/* SPDX-License-Identifier: MIT */
/* Remotes, as far as one other thread can test them, and programs that close
   all handles of a loop. */
#include "harness.h"

static unsigned destroyed;

static void count_destroy(void *self) {
  destroyed++;
}

static const avow_class_t counted = { .name = "counted",
                                      .destroy = count_destroy,
                                      .sendable = true };

static avow_value_t counted_object(void) {
  destroyed = 0;
  return avow_object(&counted, &destroyed);
}

/* Settling. */

static void resolve_string(void *remote) {
  (void) avow_remote_resolve(remote, avow_string("there")); /* 0: it is open */
}

static void reject_message(void *remote) {
  avow_value_t error = avow_error_new(UV_EIO, avow_int(7), "disk %d", 7);
  (void) avow_remote_reject(remote, error); /* 0: it is open */
}

static void drop(void *remote) {
  avow_remote_drop(remote);
}

/* Returns the outcome of a remote's promise that `fn` settles on another
   thread. */
static avow_value_t settled_on_another_thread(uv_thread_cb fn) {
  avow_remote_t *r;
  avow_promise_t *p = avow_remote_new(loop, &r);
  uv_thread_t thread;
  assert_int_equal(uv_thread_create(&thread, fn, r), 0);
  const avow_value_t v = avow_run(p);
  assert_int_equal(uv_thread_join(&thread), 0);
  return v;
}

static void resolve_fulfills_from_another_thread(void **state) {
  const avow_value_t v = settled_on_another_thread(resolve_string);

  assert_string_equal(avow_to_bytes(&v, NULL), "there");
  avow_value_unref(v);
}

static void reject_rejects_from_another_thread(void **state) {
  const avow_value_t v = settled_on_another_thread(reject_message);

  assert_int_equal(avow_error_code(&v), UV_EIO);
  assert_string_equal(avow_error_message(&v), "disk 7");
  avow_value_unref(v);
}

static void drop_rejects_the_promise_from_another_thread(void **state) {
  const avow_value_t v = settled_on_another_thread(drop);

  assert_int_equal(avow_error_code(&v), AVOW_EBROKEN);
}

static void reject_wraps_a_non_error_value(void **state) {
  avow_remote_t *r;
  avow_promise_t *p = avow_remote_new(loop, &r);

  assert_int_equal(avow_remote_reject(r, avow_int(5)), 0);

  const avow_value_t v = avow_run(p);
  assert_int_equal(avow_error_code(&v), AVOW_EREASON);
  assert_int_equal(avow_to_int(avow_error_cause(&v)), 5);
  avow_value_unref(v);
}

static void resolve_settles_only_when_the_loop_runs(void **state) {
  avow_remote_t *r;
  avow_promise_t *p = avow_remote_new(loop, &r);

  assert_int_equal(avow_remote_resolve(r, avow_int(1)), 0);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_fulfills_int(p, 1);
}

static avow_value_t resolve_cb(const avow_value_t *arg, void *remote) {
  assert_int_equal(avow_remote_resolve(remote, avow_value_ref(arg)), 0);
  return avow_none();
}

static void resolve_works_in_a_handler(void **state) {
  avow_remote_t *r1, *r2;
  avow_promise_t *p = avow_remote_new(loop, &r1);
  avow_promise_t *q = avow_remote_new(loop, &r2);
  avow_unref(avow_then(p, resolve_cb, NULL, r2));

  assert_int_equal(avow_remote_resolve(r1, avow_int(4)), 0);

  assert_fulfills_int(q, 4);
}

static void resolve_late(avow_remote_t *r, avow_promise_t *p) {
  assert_int_equal(avow_remote_resolve(r, counted_object()), 0);
  avow_unref(p);
}

static void resolve_after_cancel_releases_the_value(void **state) {
  avow_remote_t *r1, *r2;
  avow_promise_t *p = avow_remote_new(loop, &r1);
  avow_promise_t *other = avow_remote_new(loop, &r2);
  avow_cancel(p);

  resolve_late(r1, p);
  assert_int_equal(avow_remote_resolve(r2, avow_none()), 0);
  assert_fulfills_none(other);

  assert_int_equal(destroyed, 1);
}

static void one_iteration_delivers_all_values(void **state) {
  enum { N = 1000 };
  avow_remote_t *remotes[N];
  avow_promise_t *ps[N];
  for (int i = 0; i < N; i++)
    ps[i] = avow_remote_new(loop, &remotes[i]);

  for (int i = 0; i < N; i++)
    assert_int_equal(avow_remote_resolve(remotes[i], avow_int(i)), 0);
  assert_int_equal(uv_run(loop, UV_RUN_ONCE), 0);

  for (int i = 0; i < N; i++)
    assert_fulfills_int(ps[i], i);
}

static void resolve_with_a_promise(void) {
  avow_remote_t *r;
  avow_unref(avow_remote_new(loop, &r));
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  (void) avow_remote_resolve(r, avow_follow(p)); /* 0: the loop is open */
  avow_unref(p); /* a release build does not release it at close */
}

static void resolve_null(void) {
  assert_int_equal(avow_remote_resolve(NULL, avow_string("a")), AVOW_EMISUSE);
}

static void null_remote_is_misuse(void **state) {
  assert_misuse(resolve_null, "remote is NULL; pass a valid remote");
  avow_remote_drop(NULL);
}

static void resolving_with_a_promise_is_misuse(void **state) {
  assert_misuse(resolve_with_a_promise, "send its value");
}

/* Keeping the loop alive. */

static void remote_keeps_the_loop_alive_while_pending(void **state) {
  avow_remote_t *r1, *r2;
  assert_false(uv_loop_alive(loop));
  avow_promise_t *p = avow_remote_new(loop, &r1);
  avow_promise_t *q = avow_remote_new(loop, &r2);

  assert_int_equal(avow_remote_resolve(r1, avow_int(1)), 0);
  assert_fulfills_int(p, 1);
  assert_true(uv_loop_alive(loop));
  assert_int_equal(avow_remote_resolve(r2, avow_int(2)), 0);
  assert_fulfills_int(q, 2);

  assert_false(uv_loop_alive(loop));
}

static void canceled_remote_does_not_keep_the_loop_alive(void **state) {
  avow_remote_t *r;
  avow_promise_t *p = avow_remote_new(loop, &r);

  avow_cancel(p);

  assert_false(uv_loop_alive(loop));
  assert_rejects(p, UV_ECANCELED);
  avow_remote_drop(r);
  assert_false(uv_loop_alive(loop));
}

static void remote_with_a_released_promise_keeps_the_loop_alive(void **state) {
  avow_remote_t *r;
  avow_unref(avow_then(avow_remote_new(loop, &r), note_cb, NULL, "then"));

  assert_true(uv_loop_alive(loop));
  assert_int_equal(avow_remote_resolve(r, avow_none()), 0);
  run();

  assert_notes("then");
}

static void count_async(uv_handle_t *handle, void *data) {
  if (handle->type == UV_ASYNC)
    ++*(unsigned *) data;
}

static void all_remotes_share_one_async_handle(void **state) {
  avow_remote_t *remotes[10];
  for (int i = 0; i < 10; i++)
    avow_unref(avow_remote_new(loop, &remotes[i]));

  unsigned asyncs = 0;
  uv_walk(loop, count_async, &asyncs);

  assert_int_equal(asyncs, 1);
  for (int i = 0; i < 10; i++)
    assert_int_equal(avow_remote_resolve(remotes[i], avow_none()), 0);
}

/* Closing the loop. */

static void close_cancels_remotes(void **state) {
  avow_remote_t *r;
  avow_promise_t *p = avow_remote_new(loop, &r);

  renew_loop();

  assert_rejects(p, UV_ECANCELED);
  avow_remote_drop(r);
}

static void resolve_after_close_fails_and_releases_the_value(void **state) {
  avow_remote_t *r;
  avow_unref(avow_remote_new(loop, &r));
  renew_loop();

  const int err = avow_remote_resolve(r, counted_object());

  assert_int_equal(err, UV_ECANCELED);
  assert_int_equal(destroyed, 1);
}

static void close_releases_undelivered_values(void **state) {
  avow_remote_t *r;
  avow_promise_t *p = avow_remote_new(loop, &r);
  assert_int_equal(avow_remote_resolve(r, counted_object()), 0);

  renew_loop();

  assert_int_equal(destroyed, 1);
  assert_rejects(p, UV_ECANCELED);
}

/* Programs that close all handles of the loop, including those of avow. Each of
   these programs has a job, a sleep, an unused remote and a used one. */

typedef struct {
  avow_promise_t *p;
  avow_remote_t *unused, *used;
} program_t;

static avow_value_t anew_cb(const avow_value_t *arg, void *data) {
  avow_remote_t *r;
  avow_unref(avow_remote_new(loop, &r));
  avow_remote_drop(r);
  avow_unref(avow_sleep(loop, 1));
  note("caught");
  return avow_none();
}

static program_t program_begin(void) {
  program_t program;
  avow_promise_t *ps[4];
  ps[0] = avow_promise_resolve(loop, avow_none());
  ps[0] = avow_then(ps[0], note_cb, NULL, "job");
  ps[1] = avow_catch(avow_sleep(loop, 60000), anew_cb, NULL);
  ps[2] = avow_remote_new(loop, &program.unused);
  ps[3] = avow_remote_new(loop, &program.used);
  program.p = avow_all_settled(loop, ps, 4);
  return program;
}

static void use(const program_t *program) {
  const int err = avow_remote_resolve(program->used, counted_object());
  assert_int_equal(err, 0);
}

/* Drops the remotes in any case, if need be after the loop was closed. */
static void program_end(const program_t *program) {
  renew_loop();
  assert_int_not_equal(avow_state(program->p), AVOW_PENDING);
  avow_unref(program->p);
  avow_remote_drop(program->unused);
  assert_int_equal(destroyed, 1);
}

static void program_may_close_all_handles_before_close(void **state) {
  const program_t program = program_begin();
  use(&program);

  uv_walk(loop, close_handle, NULL);
  program_end(&program);

  assert_notes("job caught");
}

static void program_may_close_all_handles_before_run(void **state) {
  const program_t program = program_begin();
  uv_walk(loop, close_handle, NULL);
  use(&program);

  run();
  program_end(&program);

  assert_notes("job caught");
}

static void program_may_close_all_handles_after_an_iteration(void **state) {
  const program_t program = program_begin();
  (void) uv_run(loop, UV_RUN_NOWAIT); /* not 0: the sleep is pending */
  assert_notes("job");
  use(&program);

  uv_walk(loop, close_handle, NULL);
  run();
  program_end(&program);

  assert_notes("caught");
}

static void close_from_timer(uv_timer_t *handle) {
  uv_walk(loop, close_handle, NULL);
}

static void program_may_close_all_handles_in_a_callback(void **state) {
  uv_timer_t timer;
  const program_t program = program_begin();
  (void) uv_timer_init(loop, &timer);
  (void) uv_timer_start(&timer, close_from_timer, 0, 0);

  run();
  use(&program);
  program_end(&program);

  assert_notes("job caught");
}

static void program_may_close_all_handles_and_stop(void **state) {
  const program_t program = program_begin();
  use(&program);

  uv_walk(loop, close_handle, NULL);
  uv_stop(loop);
  program_end(&program);

  assert_notes("job caught");
}

/* All handles of avow exist and are closing. */
static void close_all_handles(void) {
  avow_remote_t *r;
  avow_unref(avow_remote_new(loop, &r));
  assert_int_equal(avow_remote_resolve(r, avow_none()), 0);
  assert_fulfills_none(avow_sleep(loop, 1));
  uv_walk(loop, close_handle, NULL);
}

static void assert_work_waits_for_close(void) {
  const program_t program = program_begin();

  run();
  assert_notes("");
  assert_int_equal(avow_remote_resolve(program.used, counted_object()),
                   UV_ECANCELED);
  program_end(&program);

  assert_notes("job caught");
}

static void work_waits_for_close_while_handles_are_closing(void **state) {
  close_all_handles();

  assert_work_waits_for_close();
}

static void work_waits_for_close_after_handles_are_closed(void **state) {
  close_all_handles();
  run();

  assert_work_waits_for_close();
}

static const avow_class_t rooted = { .name = "rooted",
                                     .destroy = count_destroy };

/* Some objects, such as streams, have handles of another loop. */
static void unsendable_values_are_refused(void **state) {
  avow_remote_t *r, *s;
  avow_promise_t *p = avow_remote_new(loop, &r);
  avow_promise_t *q = avow_remote_new(loop, &s);
  destroyed = 0;
  avow_value_t item = avow_object(&rooted, NULL);

  assert_int_equal(avow_remote_resolve(r, avow_list(&item, 1)), 0);
  assert_int_equal(destroyed, 1); /* destroyed on its own thread */
  item = avow_object(&rooted, NULL);
  assert_int_equal(avow_remote_reject(s, item), 0);

  assert_says(p, AVOW_EMISUSE, "remote: rooted cannot change threads");
  assert_says(q, AVOW_EMISUSE, "remote: rooted cannot change threads");
  assert_int_equal(destroyed, 2);
}

SUITE(remote) {
  const struct CMUnitTest tests[] = {
    CASE(unsendable_values_are_refused),
    CASE(resolve_fulfills_from_another_thread),
    CASE(reject_rejects_from_another_thread),
    CASE(drop_rejects_the_promise_from_another_thread),
    CASE(reject_wraps_a_non_error_value),
    CASE(resolve_settles_only_when_the_loop_runs),
    CASE(resolve_works_in_a_handler),
    CASE(resolve_after_cancel_releases_the_value),
    CASE(one_iteration_delivers_all_values),
    CASE(null_remote_is_misuse),
    CASE(resolving_with_a_promise_is_misuse),
    CASE(remote_keeps_the_loop_alive_while_pending),
    CASE(canceled_remote_does_not_keep_the_loop_alive),
    CASE(remote_with_a_released_promise_keeps_the_loop_alive),
    CASE(all_remotes_share_one_async_handle),
    CASE(close_cancels_remotes),
    CASE(resolve_after_close_fails_and_releases_the_value),
    CASE(close_releases_undelivered_values),
    CASE(program_may_close_all_handles_before_close),
    CASE(program_may_close_all_handles_before_run),
    CASE(program_may_close_all_handles_after_an_iteration),
    CASE(program_may_close_all_handles_in_a_callback),
    CASE(program_may_close_all_handles_and_stop),
    CASE(work_waits_for_close_while_handles_are_closing),
    CASE(work_waits_for_close_after_handles_are_closed),
  };
  return RUN(tests);
}
