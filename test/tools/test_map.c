/* SPDX-License-Identifier: MIT */
/* Maps: a call for each of many items, at most `n` at a time. */
#include <stdio.h>

#include "famine.h"

enum { MAX = 8 };

/* Items that the test settles. `settled` ones settle at once. */
typedef struct {
  avow_deferred_t *deferreds[MAX];
  avow_promise_t *whole; /* the item `canceler` cancels it */
  size_t canceler, thrower;
} work_t;

static work_t work;

static int set_up(void **state) {
  work = (work_t){ .canceler = MAX, .thrower = MAX };
  return harness_setup(state);
}

static void note_number(size_t i) {
  char text[16];
  (void) snprintf(text, sizeof(text), "%zu", i);
  note(text);
}

static avow_value_t begin(size_t i, void *data) {
  note_number(i);
  if (i == work.canceler)
    avow_cancel(work.whole);
  if (i == work.thrower)
    return avow_error(UV_EIO);
  return avow_follow(avow_promise_new(loop, &work.deferreds[i]));
}

static avow_value_t square(size_t i, void *data) {
  return avow_int((int64_t) (i * i));
}

static avow_value_t fail_odd(size_t i, void *data) {
  note_number(i);
  if (i % 2 == 1)
    return avow_error(UV_EIO);
  return avow_follow(avow_promise_resolve(loop, avow_int((int64_t) i)));
}

static void end(size_t i, avow_value_t v) {
  assert_true(avow_resolve(work.deferreds[i], v));
  run();
}

static avow_value_t note_outcome(const avow_value_t *arg, void *data) {
  avow_value_unref(note_value_cb(arg, "end"));
  return avow_none();
}

static void note_end(avow_promise_t *p) {
  avow_unref(avow_then(p, note_outcome, note_outcome, NULL));
}

static void map_gives_results_in_input_order(void **state) {
  avow_promise_t *p = avow_map(loop, 3, begin, NULL, NULL);
  assert_notes("");
  note_end(p);
  run();
  assert_notes("0 1 2");

  end(2, avow_int(12));
  end(0, avow_int(10));
  end(1, avow_int(11));

  assert_notes("end=[10 11 12]");
}

static avow_value_t skip_odd(size_t i, void *data) {
  const avow_value_t v = avow_error(AVOW_ESKIP);
  if (i == 1)
    return v;
  return i % 2 == 1 ? avow_follow(avow_promise_reject(loop, v))
                    : avow_int((int64_t) i);
}

static void map_omits_skipped_items(void **state) {
  const avow_map_options_t settled = { .kind = AVOW_ALL_SETTLED };

  assert_outcome(avow_map(loop, 6, skip_odd, NULL, NULL), "is=[0 2 4]");
  assert_outcome(avow_map(loop, 2, skip_odd, NULL, &settled), "is=[0]");
}

static void map_accepts_plain_values(void **state) {
  note_end(avow_map(loop, 0, square, NULL, NULL));
  note_end(avow_map(loop, 4, square, NULL, NULL));
  run();

  assert_notes("end=[] end=[0 1 4 9]");
}

static avow_value_t then_now(void *self, avow_deferred_t *d) {
  (void) avow_resolve(d, avow_int(7)); /* it is pending */
  return avow_none();
}

static const avow_class_t foreign = { .name = "foreign", .then = then_now };

static avow_value_t return_thenable(size_t i, void *data) {
  return avow_object(&foreign, NULL);
}

static void map_waits_for_thenables(void **state) {
  note_end(avow_map(loop, 2, return_thenable, NULL, NULL));
  run();

  assert_notes("end=[7 7]");
}

static void map_limits_concurrent_calls(void **state) {
  const avow_map_options_t options = { .concurrency = 2 };
  note_end(avow_map(loop, 4, begin, NULL, &options));
  run();
  assert_notes("0 1");

  end(1, avow_none());
  assert_notes("2");
  end(0, avow_none());
  assert_notes("3");
  end(2, avow_none());
  end(3, avow_none());

  assert_notes("end=[none none none none]");
}

static void failure_starts_no_more_calls_and_waits_for_the_rest(void **state) {
  const avow_map_options_t options = { .concurrency = 2 };
  note_end(avow_map(loop, 4, begin, NULL, &options));
  run();

  end(0, avow_error(UV_EIO));
  assert_notes("0 1");
  end(1, avow_error(UV_ENOSPC));

  assert_notes("end=EIO");
}

static void failure_cancels_running_calls_if_requested(void **state) {
  const avow_map_options_t options = { .cancels = true };
  note_end(avow_map(loop, 2, begin, NULL, &options));
  run();
  avow_on_cancel(work.deferreds[1], note_free, "stopped");

  end(0, avow_error(UV_EIO));

  assert_notes("0 1 stopped end=EIO");
  avow_deferred_drop(work.deferreds[1]);
}

static void immediate_failure_starts_no_more_calls(void **state) {
  work.thrower = 1;
  note_end(avow_map(loop, 4, begin, NULL, NULL));
  run();

  end(0, avow_none());

  assert_notes("0 1 end=EIO");
}

static void all_settled_continues_after_failures(void **state) {
  const avow_map_options_t options = { .concurrency = 1,
                                       .kind = AVOW_ALL_SETTLED };
  note_end(avow_map(loop, 4, fail_odd, NULL, &options));
  run();

  assert_notes("0 1 2 3 end=[0 EIO 2 EIO]");
}

static avow_value_t clean_up(void *data) {
  note("cleaning");
  return avow_follow(avow_sleep(loop, 1));
}

static avow_value_t begin_with_clean_up(size_t i, void *data) {
  avow_promise_t *p = avow_promise_new(loop, &work.deferreds[i]);
  return avow_follow(avow_finally(p, clean_up, NULL));
}

static void canceling_a_map_cancels_running_calls_and_waits(void **state) {
  const avow_map_options_t options = { .concurrency = 1 };
  avow_promise_t *p = avow_map(loop, 4, begin_with_clean_up, NULL, &options);
  p = avow_attach(p, "freed", note_free);
  run();

  avow_cancel(p);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("cleaning freed");
  avow_deferred_drop(work.deferreds[0]);
}

static avow_value_t clean_up_for_long(void *data) {
  avow_deferred_t **d = data;
  note("cleaning");
  avow_promise_t *p = avow_promise_new(loop, d);
  avow_on_cancel(*d, note_free, "stopped");
  return avow_follow(p);
}

static avow_value_t begin_with_long_clean_up(size_t i, void *d) {
  avow_promise_t *p = avow_promise_new(loop, &work.deferreds[i]);
  return avow_follow(avow_finally(p, clean_up_for_long, d));
}

static void second_cancellation_reaches_cleanup_handlers(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_map(loop, 1, begin_with_long_clean_up, &d, NULL);
  run();
  avow_cancel(p);
  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("cleaning stopped");
  avow_deferred_drop(work.deferreds[0]);
  avow_deferred_drop(d);
}

static avow_value_t clean_up_shielded(void *d) {
  return avow_follow(avow_shield(avow_promise_new(loop, d)));
}

static avow_value_t begin_with_shielded_clean_up(size_t i, void *d) {
  avow_promise_t *p = avow_promise_new(loop, &work.deferreds[i]);
  return avow_follow(avow_finally(p, clean_up_shielded, d));
}

static void second_cancellation_waits_for_shielded_cleanup(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_map(loop, 1, begin_with_shielded_clean_up, &d, NULL);
  run();
  avow_cancel(p);
  run();

  avow_cancel(p);
  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_true(avow_resolve(d, avow_none()));
  assert_rejects(p, UV_ECANCELED);
  avow_deferred_drop(work.deferreds[0]);
}

static void map_canceled_before_its_start_calls_nothing(void **state) {
  avow_promise_t *p = avow_map(loop, 2, begin, NULL, NULL);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("");
}

static void function_may_cancel_its_map(void **state) {
  work.canceler = 1;
  work.whole = avow_map(loop, 4, begin, NULL, NULL);

  assert_rejects(work.whole, UV_ECANCELED);

  assert_notes("0 1");
  avow_deferred_drop(work.deferreds[0]);
  avow_deferred_drop(work.deferreds[1]);
}

static void results_of_a_failed_map_are_released(void **state) {
  note_end(avow_map(loop, 2, begin, NULL, NULL));
  run();

  end(0, avow_string("one"));
  end(1, avow_error_new(UV_EIO, avow_string("cause"), "message"));

  assert_notes("0 1 end=EIO");
}

static void map_refuses_invalid_arguments(void **state) {
  const avow_map_options_t race = { .kind = AVOW_RACE };

  const avow_value_t v = avow_run(avow_map(loop, 1, NULL, NULL, NULL));
  assert_int_equal(avow_error_code(&v), UV_EINVAL);
  assert_string_equal(avow_error_message(&v), "map: invalid argument");
  avow_value_unref(v);

  assert_rejects(avow_map(loop, 1, square, NULL, &race), UV_EINVAL);
  assert_rejects(avow_map(loop, UINT32_MAX, square, NULL, NULL), UV_EINVAL);
}

static void map_refuses_options_of_a_later_version(void **state) {
  const avow_map_options_t newer = { .reserved[0] = 1 };

  assert_says(avow_map(loop, 1, square, NULL, &newer), UV_EINVAL,
              "map: invalid argument: a reserved field is not zero");
}

static void closing_the_loop_cancels_a_map(void **state) {
  avow_promise_t *p = avow_map(loop, 2, begin, NULL, NULL);
  run();

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  avow_deferred_drop(work.deferreds[0]);
  avow_deferred_drop(work.deferreds[1]);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* Uses up all memory, including the reserve. */
static avow_value_t exhaust(size_t i, void *settled) {
  note_number(i);
  if (i > 0)
    return avow_int((int64_t) i);
  use_up_reserve();
  return avow_follow(avow_ref(settled));
}

static void settled_item_keeps_its_value_when_out_of_memory(void **state) {
  avow_promise_t *settled = avow_promise_resolve(loop, avow_int(7));

  const avow_value_t v = avow_run(avow_map(loop, 3, exhaust, settled, NULL));
  give_back_memory();

  assert_notes("0 1 2");
  assert_int_equal(avow_list_len(&v), 3);
  assert_int_equal(avow_to_int(avow_list_at(&v, 0)), 7);
  avow_value_unref(v);
  avow_unref(settled);
}

#define MAP(f) cmocka_unit_test_setup_teardown(f, set_up, harness_teardown)

SUITE(map) {
  const struct CMUnitTest tests[] = {
    MAP(map_gives_results_in_input_order),
    MAP(map_omits_skipped_items),
    MAP(map_accepts_plain_values),
    MAP(map_waits_for_thenables),
    MAP(map_limits_concurrent_calls),
    MAP(failure_starts_no_more_calls_and_waits_for_the_rest),
    MAP(failure_cancels_running_calls_if_requested),
    MAP(immediate_failure_starts_no_more_calls),
    MAP(all_settled_continues_after_failures),
    MAP(canceling_a_map_cancels_running_calls_and_waits),
    MAP(second_cancellation_reaches_cleanup_handlers),
    MAP(second_cancellation_waits_for_shielded_cleanup),
    MAP(map_canceled_before_its_start_calls_nothing),
    MAP(function_may_cancel_its_map),
    MAP(results_of_a_failed_map_are_released),
    MAP(map_refuses_invalid_arguments),
    MAP(map_refuses_options_of_a_later_version),
    MAP(settled_item_keeps_its_value_when_out_of_memory),
    MAP(closing_the_loop_cancels_a_map),
  };
  return RUN(tests);
}
