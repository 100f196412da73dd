/* SPDX-License-Identifier: MIT */
/*
 * Closing a loop while its programs always answer the end with new work, or
 * while a call of avow has not returned. The close must give up soon, whatever
 * a program starts. The programs stop much later, so that a failure does not
 * hang.
 */
#include <signal.h>

#include "harness.h"

enum { SOON = 1000, TOO_OFTEN = 3000000 };

static void assert_close_ends(const unsigned *calls) {
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_in_range(*calls, 1, SOON);
  assert_int_equal(avow_loop_init(loop, &steady), 0); /* for the fixture */
}

static avow_value_t catch_again(const avow_value_t *arg, void *data) {
  unsigned *calls = data;
  if (++*calls < TOO_OFTEN)
    avow_unref(avow_catch(avow_sleep(loop, 60000), catch_again, calls));
  return avow_none();
}

static void close_ends_although_catch_starts_work(void **state) {
  unsigned calls = 0;
  avow_unref(avow_catch(avow_sleep(loop, 60000), catch_again, &calls));

  assert_close_ends(&calls);
}

static avow_value_t then_again(const avow_value_t *arg, void *data) {
  unsigned *calls = data;
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  if (++*calls < TOO_OFTEN)
    p = avow_then(p, then_again, NULL, calls);
  avow_unref(p);
  return avow_none();
}

static void close_ends_although_jobs_add_jobs(void **state) {
  unsigned calls = 0;
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_unref(avow_then(p, then_again, NULL, &calls));

  assert_close_ends(&calls);
}

static avow_value_t finally_again(void *data) {
  unsigned *calls = data;
  if (++*calls < TOO_OFTEN)
    avow_unref(avow_finally(avow_sleep(loop, 60000), finally_again, calls));
  return avow_none();
}

static void close_ends_although_finally_starts_work(void **state) {
  unsigned calls = 0;
  avow_unref(avow_finally(avow_sleep(loop, 60000), finally_again, &calls));

  assert_close_ends(&calls);
}

static void attach_again(void *data) {
  unsigned *calls = data;
  if (++*calls < TOO_OFTEN)
    avow_unref(avow_attach(avow_sleep(loop, 60000), calls, attach_again));
}

static void close_ends_although_attach_starts_work(void **state) {
  unsigned calls = 0;
  avow_unref(avow_attach(avow_sleep(loop, 60000), &calls, attach_again));

  assert_close_ends(&calls);
}

static avow_value_t group_again(void *data) {
  unsigned *calls = data;
  avow_group_t *g;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_group_unref(g);
  if (++*calls < TOO_OFTEN)
    p = avow_finally(p, group_again, calls);
  avow_unref(p);
  return avow_none();
}

static void close_ends_although_finally_opens_groups(void **state) {
  unsigned calls = 0;
  avow_unref(avow_finally(avow_sleep(loop, 60000), group_again, &calls));

  assert_close_ends(&calls);
}

static avow_deferred_t *current;

static void cancel_again(void *data) {
  unsigned *calls = data;
  avow_deferred_drop(current);
  avow_unref(avow_promise_new(loop, &current));
  if (++*calls < TOO_OFTEN)
    avow_on_cancel(current, cancel_again, calls);
}

static void close_ends_although_on_cancel_starts_work(void **state) {
  unsigned calls = 0;
  avow_unref(avow_promise_new(loop, &current));
  avow_on_cancel(current, cancel_again, &calls);

  assert_close_ends(&calls);
  avow_deferred_drop(current);
}

static uv_sem_t in_turn;

static void on_prepare(uv_prepare_t *handle) {
  uv_sem_post(&in_turn);
}

/* Ends after the iteration has begun, so that only an iteration can find its
   completion. */
static avow_value_t work_fn(void *data) {
  uv_sem_wait(&in_turn);
  return avow_none();
}

static avow_value_t work_again(void *data) {
  unsigned *calls = data;
  while (uv_sem_trywait(&in_turn) == 0)
    ; /* of earlier iterations */
  avow_promise_t *p = avow_work(loop, work_fn, NULL, NULL);
  if (++*calls < TOO_OFTEN)
    p = avow_finally(p, work_again, calls);
  return avow_follow(p);
}

static void begin_requests_at_the_end(void) {
  unsigned calls = 0;
  uv_prepare_t prepare;
  assert_int_equal(uv_sem_init(&in_turn, 0), 0);
  assert_int_equal(uv_prepare_init(loop, &prepare), 0);
  assert_int_equal(uv_prepare_start(&prepare, on_prepare), 0);
  avow_unref(avow_finally(avow_sleep(loop, 60000), work_again, &calls));

  assert_close_ends(&calls);
  uv_close((uv_handle_t *) &prepare, NULL);
  (void) uv_run(loop, UV_RUN_DEFAULT);
  uv_sem_destroy(&in_turn);
}

/* A request that can be awaited is always in flight. It is random whether an
   iteration exhausts the close's patience. */
static void close_ends_although_finally_begins_requests(void **state) {
  for (int i = 0; i < 10; i++)
    begin_requests_at_the_end();
}

static avow_value_t clean_up(void *data) {
  ++*(unsigned *) data;
  return avow_none();
}

/* Closing unwinds all pending promises, whatever their number. Promises that
   adopted others in a row take many jobs each. */
static void close_unwinds_all_pending_promises(void **state) {
  enum { N = 10000 };
  unsigned cleaned = 0;
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  for (int i = 0; i < N; i++) {
    p = avow_finally(p, clean_up, &cleaned);
    avow_deferred_t *outer;
    avow_promise_t *q = avow_promise_new(loop, &outer);
    assert_true(avow_resolve(outer, avow_follow(p)));
    p = q;
  }
  avow_unref(avow_catch(p, note_cb, "caught"));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(cleaned, N);
  assert_notes("caught");
  avow_deferred_drop(d);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static avow_value_t follow_next(const avow_value_t *arg, void *data) {
  unsigned *left = data;
  if (--*left == 0)
    return avow_follow(avow_sleep(loop, 60000));
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  return avow_follow(avow_then(p, follow_next, NULL, left));
}

static void close_unwinds_a_recursive_handler(void **state) {
  unsigned left = 10000;
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  p = avow_then(p, follow_next, NULL, &left);
  avow_unref(avow_catch(p, note_cb, "caught"));
  while (left > 0)
    (void) uv_run(loop, UV_RUN_NOWAIT); /* the loop is alive and continues */

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("caught");
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void close_inside(void *data) {
  assert_int_equal(avow_loop_close(loop), UV_EBUSY);
  note("busy");
}

static avow_value_t object_that_closes(void) {
  static const avow_class_t klass = { .name = "closer",
                                      .destroy = close_inside };
  return avow_object(&klass, &loop);
}

static void destroy_function_cannot_close_the_loop(void **state) {
  avow_value_unref(object_that_closes());
  assert_notes("busy");

  avow_unref(avow_promise_resolve(loop, object_that_closes()));
  assert_notes("busy");

  avow_channel_t *items = avow_channel_new(loop, 1);
  avow_unref(avow_channel_send(items, object_that_closes()));
  avow_channel_unref(items);
  assert_notes("busy");
}

/* Closing would wait for promises that are canceled after it. */
static void destroy_function_cannot_close_during_cancellation(void **state) {
  avow_promise_t *ps[] = { avow_promise_resolve(loop, object_that_closes()),
                           avow_sleep(loop, 60000) };
  avow_promise_t *p = avow_all(loop, ps, 2);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the first sleep has settled */

  avow_cancel(p);

  assert_notes("busy");
  assert_rejects(p, UV_ECANCELED);
}

static avow_value_t close_in_try(void *data) {
  close_inside(data);
  return avow_none();
}

static void try_function_cannot_close_the_loop(void **state) {
  assert_fulfills_none(avow_try(loop, close_in_try, NULL));

  assert_notes("busy");
}

static void close_at_unhandled(uv_loop_t *at, const avow_value_t *reason,
                               const char *where, void *data) {
  close_inside(data);
}

static void close_at_tracking(uv_loop_t *at, const avow_promise_t *p,
                              void *data) {
  close_inside(data);
}

static avow_value_t recover(const avow_value_t *error, void *data) {
  return avow_none();
}

static void hooks_cannot_close_the_loop(void **state) {
  const avow_options_t options = { STEADY, .on_unhandled = close_at_unhandled,
                                   .on_reject = close_at_tracking,
                                   .on_handle = close_at_tracking };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);

  avow_unref(avow_promise_reject(loop, avow_error(UV_EIO)));
  assert_notes("busy busy");

  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_EIO));
  assert_fulfills_none(avow_catch(p, recover, NULL));
  assert_notes("busy busy");
}

static uv_timer_t first, second;
static uv_close_cb on_second_closed;

/* Calls back in the last iteration but one of the close, because the close
   waits as long as avow's own handles take. */
static void close_second(uv_handle_t *handle) {
  uv_close((uv_handle_t *) &second, on_second_closed);
}

static void close_late(uv_close_cb on_closed) {
  assert_int_equal(uv_timer_init(loop, &first), 0);
  assert_int_equal(uv_timer_init(loop, &second), 0);
  on_second_closed = on_closed;
  uv_close((uv_handle_t *) &first, close_second);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(uv_loop_close(loop), 0); /* no handle is left */
  assert_int_equal(uv_loop_init(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void listen_to_a_signal(uv_handle_t *handle) {
  avow_unref(avow_catch(avow_channel_first(avow_signals(loop, SIGTERM)),
                        note_cb, "refused"));
}

static void close_waits_for_handles_opened_during_close(void **state) {
  close_late(listen_to_a_signal);

  assert_notes("refused");
}

static void close_one(uv_handle_t *handle, void *data) {
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

static void spawn_and_close_all(uv_handle_t *handle) {
  static uv_timer_t timer;
  char *args[] = { "true", NULL };
  const uv_process_options_t options = { .file = args[0], .args = args };
  avow_unref(avow_catch(avow_spawn(loop, &options), note_cb, "refused"));
  assert_int_equal(uv_timer_init(loop, &timer), 0);
  uv_walk(loop, close_one, NULL);
}

/* libuv does not report that such a handle is closed. */
static void close_waits_for_handles_closed_during_close(void **state) {
  close_late(spawn_and_close_all);
}

SUITE(close) {
  const struct CMUnitTest tests[] = {
    CASE(close_ends_although_catch_starts_work),
    CASE(close_ends_although_jobs_add_jobs),
    CASE(close_ends_although_finally_starts_work),
    CASE(close_ends_although_attach_starts_work),
    CASE(close_ends_although_on_cancel_starts_work),
    CASE(close_ends_although_finally_begins_requests),
    CASE(close_unwinds_all_pending_promises),
    CASE(close_unwinds_a_recursive_handler),
    CASE(destroy_function_cannot_close_the_loop),
    CASE(destroy_function_cannot_close_during_cancellation),
    CASE(try_function_cannot_close_the_loop),
    CASE(hooks_cannot_close_the_loop),
    CASE(close_waits_for_handles_opened_during_close),
    CASE(close_waits_for_handles_closed_during_close),
    CASE(close_ends_although_finally_opens_groups),
  };
  return RUN(tests);
}
