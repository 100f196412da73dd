/* SPDX-License-Identifier: MIT */
/* Variables that are released automatically at the end of their block. */
#include "harness.h"

#include "avow/auto.h"

static void count_destroy(void *self) {
  ++*(int *) self;
}

static const avow_class_t counted_class = { .name = "counted",
                                            .destroy = count_destroy };

static int destroyed;

static avow_value_t counted(void) {
  destroyed = 0;
  return avow_object(&counted_class, &destroyed);
}

static void leave_at_the_end(void) {
  AVOW_AUTO_VALUE v = counted();

  assert_int_equal(destroyed, 0);
  assert_false(avow_is_none(&v));
}

static void value_is_released_at_the_end_of_its_block(void **state) {
  leave_at_the_end();

  assert_int_equal(destroyed, 1);
}

static int leave_in_the_middle(int where) {
  AVOW_AUTO_VALUE v = avow_none();
  if (where == 0)
    return 0;
  v = counted();
  if (where == 1)
    return 1;
  avow_value_clear(&v);
  return 2;
}

static void value_is_released_when_the_function_returns(void **state) {
  destroyed = 0;

  assert_int_equal(leave_in_the_middle(0), 0);
  assert_int_equal(destroyed, 0);
  assert_int_equal(leave_in_the_middle(1), 1);
  assert_int_equal(destroyed, 1);
  assert_int_equal(leave_in_the_middle(2), 2);
  assert_int_equal(destroyed, 1);
}

static void value_is_released_in_each_pass_of_a_for_loop(void **state) {
  for (int i = 0; i < 3; i++) {
    AVOW_AUTO_VALUE v = counted();
    if (i == 1)
      continue;
    assert_false(avow_is_none(&v));
    assert_int_equal(destroyed, 0);
    if (i == 2)
      break;
  }

  assert_int_equal(destroyed, 1);
}

static avow_value_t return_stolen(void) {
  AVOW_AUTO_VALUE v = counted();
  return avow_steal(&v);
}

static void stolen_value_is_not_released(void **state) {
  const avow_value_t v = return_stolen();

  assert_int_equal(destroyed, 0);
  avow_value_unref(v);
  assert_int_equal(destroyed, 1);
}

static avow_value_t fail_after(avow_value_t error) {
  AVOW_AUTO_VALUE v = counted();
  AVOW_TRY(error);
  return avow_steal(&v);
}

static void value_is_released_when_a_try_returns(void **state) {
  const avow_value_t error = fail_after(avow_error(UV_EIO));

  assert_int_equal(avow_error_code(&error), UV_EIO);
  assert_int_equal(destroyed, 1);
}

static avow_promise_t *hold(avow_promise_t *held, bool keep) {
  AVOW_AUTO_PROMISE p = held;
  AVOW_AUTO_PROMISE none = NULL;
  assert_null(none);
  return keep ? avow_promise_steal(&p) : NULL;
}

/* The fixture counts leftovers. */
static void promise_is_released_unless_stolen(void **state) {
  assert_null(hold(avow_sleep(loop, 0), false));

  assert_fulfills_none(hold(avow_sleep(loop, 0), true));
}

static avow_promise_t *next_of_a_channel(void) {
  AVOW_AUTO_CHANNEL c = avow_channel_new(loop, 0);
  return avow_channel_next(c);
}

static void released_channel_is_closed(void **state) {
  assert_fulfills_none(next_of_a_channel());
}

static avow_promise_t *next_of_a_sender(const avow_channel_t *c) {
  AVOW_AUTO_SENDER sender = avow_sender_new(c, 0);
  avow_ignore(avow_run(avow_sender_send(sender, avow_int(1))));
  avow_ignore(avow_run(avow_channel_next(c)));
  return avow_channel_next(c);
}

static void released_sender_ends_its_channel(void **state) {
  AVOW_AUTO_CHANNEL c = avow_channel_new(loop, 1);

  assert_fulfills_none(next_of_a_sender(c));
}

static avow_promise_t *create_unended_gather(void) {
  AVOW_AUTO_GATHER g = NULL;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL, &g);
  avow_gather_add(g, avow_promise_resolve(loop, avow_int(1)));
  return p;
}

static void released_gather_is_ended(void **state) {
  assert_outcome(create_unended_gather(), "is=[1]");
}

static avow_value_t fail_with_a_group(avow_promise_t **p,
                                      avow_promise_t *child) {
  AVOW_AUTO_GROUP g = NULL;
  *p = avow_group_new(loop, &g);
  avow_group_add(g, child);
  AVOW_TRY(avow_error(UV_EIO));
  return avow_none();
}

static void group_released_by_a_try_waits_for_its_children(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p;
  const avow_value_t error = fail_with_a_group(&p, avow_promise_new(loop, &d));

  assert_int_equal(avow_error_code(&error), UV_EIO);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_int(1)));

  assert_fulfills_none(p);
}

static void cleared_objects_are_null(void **state) {
  avow_promise_t *p = avow_sleep(loop, 0);
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_gather_t *gather;
  avow_group_t *group;
  avow_unref(avow_gather_new(loop, AVOW_ALL, &gather));
  avow_unref(avow_group_new(loop, &group));

  for (int i = 0; i < 2; i++) {
    avow_promise_clear(&p);
    avow_channel_clear(&c);
    avow_gather_clear(&gather);
    avow_group_clear(&group);
  }

  assert_null(p);
  assert_null(c);
  assert_null(gather);
  assert_null(group);
}

static void note_it(void *word) {
  note(word);
}

static char a[] = "a", b[] = "b", c[] = "c";

static void calls_run_in_reverse_order_at_the_end_of_a_block(void **state) {
  {
    AVOW_AUTO_CALL(note_it, a);
    AVOW_AUTO_CALL(note_it, b);
    if (state != NULL) {
      AVOW_AUTO_CALL(note_it, c);
      note("in");
    }
    note("out");
  }

  assert_notes("in c out b a");
}

/* A macro of the program may have several of them in one line. */
#define NOTE_BOTH(a, b)         \
  AVOW_AUTO_CALL(note_it, (a)); \
  AVOW_AUTO_CALL(note_it, (b))

static void several_calls_may_share_a_line(void **state) {
  {
    NOTE_BOTH(a, b);
    note("out");
  }

  assert_notes("out b a");
}

static void note_destroy(void *word) {
  note(word);
}

static const avow_class_t noted_class = { .name = "noted",
                                          .destroy = note_destroy };

static avow_value_t fail_between_calls(avow_value_t error) {
  AVOW_AUTO_CALL(note_it, a);
  AVOW_AUTO_VALUE v = avow_object(&noted_class, b);
  AVOW_TRY(error);
  AVOW_AUTO_CALL(note_it, c);
  return avow_steal(&v);
}

static void calls_and_values_share_one_reverse_order(void **state) {
  const avow_value_t error = fail_between_calls(avow_error(UV_EIO));

  assert_int_equal(avow_error_code(&error), UV_EIO);
  assert_notes("b a");
}

#ifndef AVOW_NO_ASYNC

static avow_value_t sleep_with_calls(void *data) {
  AVOW_AUTO_CALL(note_it, a);
  for (int i = 0; i < 2; i++) {
    AVOW_AUTO_CALL(note_it, b);
    AVOW_TRY(avow_await_done(avow_next_iteration(loop)));
  }
  AVOW_AUTO_CALL(note_it, c);
  return avow_await(avow_sleep(loop, 60000));
}

static void calls_run_when_an_async_function_is_canceled(void **state) {
  avow_promise_t *p = avow_async(loop, sleep_with_calls, NULL);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("b a");
}

static void calls_run_when_the_loop_is_closed(void **state) {
  avow_unref(avow_async(loop, sleep_with_calls, NULL));
  avow_ignore(avow_run(avow_next_iteration(loop)));
  avow_ignore(avow_run(avow_next_iteration(loop)));
  assert_notes("b b");

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("c a");
  assert_int_equal(avow_loop_init(loop, &steady), 0); /* for the fixture */
}

static void await_in_call(void *data) {
  const int *calls = data;
  note(*calls == 7 ? "bye" : "gone");
  avow_value_t v = avow_await(avow_sleep(loop, 0));
  note(avow_is_none(&v) ? "waited" : "unheard");
  v = avow_await(avow_shield(avow_sleep(loop, 0)));
  note(avow_is_none(&v) ? "said" : "unsaid");
}

/* The data of this function is a local variable, which is still valid. */
static avow_value_t sleep_with_awaiting_call(void *data) {
  int calls = 0;
  AVOW_AUTO_CALL(await_in_call, &calls);
  calls = 7;
  return avow_await(avow_sleep(loop, 60000));
}

static void call_may_await_after_cancellation(void **state) {
  avow_promise_t *p = avow_async(loop, sleep_with_awaiting_call, NULL);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("bye waited said");
}

static avow_value_t work_by_permit(void *limiter) {
  AVOW_AUTO_VALUE permit = avow_none();
  AVOW_TRY(avow_await_value(avow_limiter_acquire(limiter), &permit));
  note("in");
  AVOW_TRY(avow_await_done(avow_next_iteration(loop)));
  note("out");
  AVOW_TRY(avow_error(UV_EIO));
  return avow_none();
}

static void permit_is_released_when_a_try_returns(void **state) {
  avow_limiter_t *limiter = avow_limiter_new(loop, 1);

  avow_promise_t *first = avow_async(loop, work_by_permit, limiter);
  avow_promise_t *second = avow_async(loop, work_by_permit, limiter);

  assert_rejects(first, UV_EIO);
  assert_rejects(second, UV_EIO);
  assert_notes("in out in out");
  avow_limiter_unref(limiter);
}

static avow_value_t sleep_long(void *data) {
  AVOW_AUTO_VALUE v = counted();
  AVOW_TRY(avow_await_done(avow_sleep(loop, 60000)));
  note("slept");
  return avow_steal(&v);
}

static void value_is_released_when_the_loop_is_closed(void **state) {
  avow_unref(avow_async(loop, sleep_long, NULL));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(destroyed, 1);
  assert_notes("");
  assert_int_equal(avow_loop_init(loop, &steady), 0); /* for the fixture */
}

static void permit_is_released_when_its_holder_is_canceled(void **state) {
  avow_limiter_t *limiter = avow_limiter_new(loop, 1);
  avow_promise_t *first = avow_async(loop, work_by_permit, limiter);
  avow_promise_t *second = avow_async(loop, work_by_permit, limiter);

  avow_cancel(first);

  assert_rejects(first, UV_ECANCELED);
  assert_rejects(second, UV_EIO);
  avow_limiter_unref(limiter);
}

#endif

SUITE(auto) {
  const struct CMUnitTest tests[] = {
    CASE(value_is_released_at_the_end_of_its_block),
    CASE(value_is_released_when_the_function_returns),
    CASE(value_is_released_in_each_pass_of_a_for_loop),
    CASE(stolen_value_is_not_released),
    CASE(value_is_released_when_a_try_returns),
    CASE(promise_is_released_unless_stolen),
    CASE(released_channel_is_closed),
    CASE(released_sender_ends_its_channel),
    CASE(released_gather_is_ended),
    CASE(group_released_by_a_try_waits_for_its_children),
    CASE(cleared_objects_are_null),
    CASE(calls_run_in_reverse_order_at_the_end_of_a_block),
    CASE(several_calls_may_share_a_line),
    CASE(calls_and_values_share_one_reverse_order),
#ifndef AVOW_NO_ASYNC
    CASE(calls_run_when_an_async_function_is_canceled),
    CASE(calls_run_when_the_loop_is_closed),
    CASE(call_may_await_after_cancellation),
    CASE(value_is_released_when_the_loop_is_closed),
    CASE(permit_is_released_when_a_try_returns),
    CASE(permit_is_released_when_its_holder_is_canceled),
#endif
  };
  return RUN(tests);
}
