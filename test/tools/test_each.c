/* SPDX-License-Identifier: MIT */
/*
 * avow_each() and related functions: a call for each item of a channel, at most
 * `n` at a time.
 */
#include "famine.h"

static avow_channel_t *channel;
static avow_deferred_t *work[3];
static size_t begun;

static int set_up(void **state) {
  const int err = harness_setup(state);
  begun = 0;
  channel = avow_channel_new(loop, 10);
  return err;
}

static void send_all(int64_t first, int64_t last) {
  for (int64_t i = first; i <= last; i++)
    avow_unref(avow_channel_send(channel, avow_int(i)));
}

static void end(size_t i, avow_value_t v) {
  assert_true(avow_resolve(work[i], v));
  run();
}

static avow_value_t note_item(const avow_value_t *item, void *data) {
  avow_value_unref(note_value_cb(item, "item"));
  return avow_none();
}

static avow_value_t begin(const avow_value_t *item, void *data) {
  avow_value_unref(note_value_cb(item, "item"));
  avow_promise_t *p = avow_promise_new(loop, &work[begun]);
  avow_on_cancel(work[begun++], note_free, "stopped");
  return avow_follow(p);
}

static avow_value_t fail_two(const avow_value_t *item, void *data) {
  avow_value_unref(note_value_cb(item, "item"));
  return avow_to_int(item) == 2 ? avow_error(UV_EIO) : avow_none();
}

static void each_takes_items_in_order_until_the_end(void **state) {
  send_all(1, 3);
  avow_promise_t *p = avow_each(channel, note_item, NULL, NULL);
  run();
  assert_notes("item=1 item=2 item=3");
  assert_int_equal(avow_state(p), AVOW_PENDING);

  avow_channel_end(channel);

  assert_fulfills_none(p);
  avow_channel_unref(channel);
}

static void each_limits_concurrent_calls(void **state) {
  const avow_map_options_t options = { .concurrency = 2 };
  send_all(1, 3);
  avow_channel_end(channel);
  avow_promise_t *p = avow_each(channel, begin, NULL, &options);
  run();
  assert_notes("item=1 item=2");

  end(0, avow_none());
  assert_notes("item=3");
  end(1, avow_none());
  end(2, avow_none());

  assert_fulfills_none(p);
  avow_channel_unref(channel);
}

static void each_takes_no_items_after_a_failure(void **state) {
  send_all(1, 3);

  assert_rejects(avow_each(channel, fail_two, NULL, NULL), UV_EIO);

  assert_notes("item=1 item=2");
  assert_fulfills_int(avow_channel_next(channel), 3);
  avow_channel_unref(channel);
}

static void failure_stops_waiting_for_an_item(void **state) {
  const avow_map_options_t options = { .concurrency = 3, .cancels = true };
  send_all(1, 2);
  avow_promise_t *p = avow_each(channel, begin, NULL, &options);
  run();

  end(0, avow_error(UV_EIO));

  assert_rejects(p, UV_EIO);
  assert_notes("item=1 item=2 stopped");
  avow_deferred_drop(work[1]);
  avow_channel_unref(channel);
}

static void map_lists_results_in_the_order_of_the_items(void **state) {
  const avow_map_options_t options = { .collects = true, .concurrency = 3 };
  send_all(1, 3);
  avow_channel_end(channel);
  avow_promise_t *p = avow_each(channel, begin, NULL, &options);
  run();

  end(2, avow_int(30));
  end(0, avow_int(10));
  end(1, avow_int(20));

  assert_notes("item=1 item=2 item=3");
  avow_value_unref(avow_run(avow_then(p, note_value_cb, NULL, "list")));
  assert_notes("list=[10 20 30]");
  avow_channel_unref(channel);
}

static avow_value_t negate(const avow_value_t *item, void *data) {
  return avow_int(-avow_to_int(item));
}

static void map_of_many_items_lists_all_results(void **state) {
  enum { MANY = 1000 };
  avow_promise_t *p = avow_each(channel, negate, NULL,
                                &(avow_map_options_t){ .collects = true });
  for (int64_t i = 0; i < MANY; i++) {
    send_all(i, i);
    run();
  }
  avow_channel_end(channel);

  const avow_value_t v = avow_run(p);

  assert_int_equal(avow_list_len(&v), MANY);
  for (size_t i = 0; i < MANY; i++)
    assert_int_equal(avow_to_int(avow_list_at(&v, i)), -(int64_t) i);
  avow_value_unref(v);
  avow_channel_unref(channel);
}

static void map_rejects_with_the_first_failure(void **state) {
  const avow_map_options_t options = { .collects = true,
                                       .concurrency = 2,
                                       .cancels = true };
  send_all(1, 3);
  avow_promise_t *p = avow_each(channel, begin, NULL, &options);
  run();

  end(1, avow_error(UV_EIO));

  assert_rejects(p, UV_EIO);
  assert_notes("item=1 item=2 stopped");
  assert_fulfills_int(avow_channel_next(channel), 3);
  avow_deferred_drop(work[0]);
  avow_channel_unref(channel);
}

static void map_of_all_settled_lists_failures_too(void **state) {
  const avow_map_options_t options = { .collects = true,
                                       .kind = AVOW_ALL_SETTLED };
  send_all(1, 2);
  avow_unref(avow_channel_send(channel, avow_error(UV_ENFILE)));
  avow_channel_end(channel);

  const avow_value_t v = avow_run(avow_each(channel, fail_two, NULL, &options));

  assert_int_equal(avow_list_len(&v), 3);
  assert_int_equal(avow_outcome_at(&v, 0).status, AVOW_FULFILLED);
  assert_int_equal(avow_error_code(avow_outcome_at(&v, 1).reason), UV_EIO);
  assert_int_equal(avow_error_code(avow_outcome_at(&v, 2).reason), UV_ENFILE);
  avow_value_unref(v);
  avow_channel_unref(channel);
}

static void map_of_no_items_is_an_empty_list(void **state) {
  avow_channel_end(channel);

  const avow_value_t v =
      avow_run(avow_each(channel, negate, NULL,
                         &(avow_map_options_t){ .collects = true }));

  assert_int_equal(v.tag, AVOW_LIST);
  assert_int_equal(avow_list_len(&v), 0);
  avow_value_unref(v);
  avow_channel_unref(channel);
}

static void items_are_collected_without_a_function(void **state) {
  send_all(1, 3);
  avow_channel_end(channel);

  assert_outcome(avow_each(channel, NULL, NULL, NULL), "is=[1 2 3]");

  avow_channel_unref(channel);
}

static avow_value_t skip_two(const avow_value_t *item, void *data) {
  return avow_to_int(item) == 2 ? avow_error(AVOW_ESKIP) : avow_value_ref(item);
}

static void skipped_items_are_left_out(void **state) {
  const avow_map_options_t options = { .collects = true };
  send_all(1, 3);
  avow_channel_end(channel);

  assert_outcome(avow_each(channel, skip_two, NULL, &options), "is=[1 3]");

  avow_channel_unref(channel);
}

static void rejection_with_eskip_is_not_a_failure(void **state) {
  const avow_map_options_t options = { .collects = true };
  send_all(1, 2);
  avow_channel_end(channel);
  avow_promise_t *p = avow_each(channel, begin, NULL, &options);
  run();

  end(0, avow_error_new(AVOW_ESKIP, avow_string("a cause"), "not that one"));
  end(1, avow_int(20));

  assert_notes("item=1 item=2");
  assert_outcome(p, "is=[20]");
  avow_channel_unref(channel);
}

static void all_settled_continues_after_failures(void **state) {
  const avow_map_options_t options = { .kind = AVOW_ALL_SETTLED };
  send_all(1, 3);
  avow_channel_end(channel);

  assert_fulfills_none(avow_each(channel, fail_two, NULL, &options));

  assert_notes("item=1 item=2 item=3");
  avow_channel_unref(channel);
}

static void send_with_an_error_inside(void) {
  send_all(1, 1);
  avow_unref(avow_channel_send(channel, avow_error(UV_ENFILE)));
  send_all(3, 3);
}

static void error_item_rejects_each(void **state) {
  send_with_an_error_inside();

  assert_rejects(avow_each(channel, note_item, NULL, NULL), UV_ENFILE);

  assert_notes("item=1");
  assert_fulfills_int(avow_channel_next(channel), 3);
  avow_channel_unref(channel);
}

static void all_settled_skips_error_items(void **state) {
  const avow_map_options_t options = { .kind = AVOW_ALL_SETTLED };
  send_with_an_error_inside();
  avow_promise_t *p = avow_each(channel, note_item, NULL, &options);
  run();
  avow_unref(avow_channel_send(channel, avow_error(UV_EMFILE)));
  send_all(4, 4);
  run();
  assert_notes("item=1 item=3 item=4");

  avow_channel_end(channel);

  assert_fulfills_none(p);
  avow_channel_unref(channel);
}

static void all_settled_rejects_when_the_channel_fails(void **state) {
  const avow_map_options_t options = { .kind = AVOW_ALL_SETTLED };
  avow_promise_t *p = avow_each(channel, note_item, NULL, &options);
  run();

  avow_channel_fail(channel, avow_error(UV_EPROTO));

  assert_rejects(p, UV_EPROTO);
  avow_channel_unref(channel);
}

static void all_settled_tells_error_items_from_a_failure(void **state) {
  const avow_map_options_t options = { .kind = AVOW_ALL_SETTLED };
  avow_unref(avow_channel_send(channel, avow_error(UV_ENFILE)));
  avow_channel_fail(channel, avow_error(UV_EPROTO));

  assert_rejects(avow_each(channel, note_item, NULL, &options), UV_EPROTO);

  avow_channel_unref(channel);
}

/* A ring of that capacity needs an allocation. */
static avow_channel_t *channel_without_memory(void) {
  fail_allocation(1, true);
  avow_channel_t *none = avow_channel_new(loop, 1000000);
  fail_allocation(0, false);
  return none;
}

static void all_settled_rejects_for_an_unallocated_channel(void **state) {
  const avow_map_options_t options = { .kind = AVOW_ALL_SETTLED };
  avow_channel_t *none = channel_without_memory();

  assert_rejects(avow_each(none, note_item, NULL, &options), UV_ENOMEM);

  avow_channel_unref(none);
  avow_channel_unref(channel);
}

static void failed_channel_rejects_each(void **state) {
  send_all(1, 1);
  avow_channel_fail(channel, avow_error(UV_EPROTO));

  assert_rejects(avow_each(channel, note_item, NULL, NULL), UV_EPROTO);

  assert_notes("item=1");
  avow_channel_unref(channel);
}

static void each_without_a_limit_runs_all_calls_at_once(void **state) {
  send_all(1, 3);
  avow_channel_end(channel);
  avow_promise_t *p = avow_each(channel, begin, NULL, NULL);
  run();
  assert_notes("item=1 item=2 item=3");

  for (size_t i = 0; i < 3; i++)
    end(i, avow_none());

  assert_fulfills_none(p);
  avow_channel_unref(channel);
}

static void canceling_each_cancels_calls_and_keeps_items(void **state) {
  const avow_map_options_t one = { .concurrency = 1 };
  send_all(1, 2);
  avow_promise_t *p = avow_each(channel, begin, NULL, &one);
  run();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("item=1 stopped");
  assert_fulfills_int(avow_channel_next(channel), 2);
  avow_deferred_drop(work[0]);
  avow_channel_unref(channel);
}

static void each_with_kind_race_is_refused(void **state) {
  const avow_map_options_t race = { .kind = AVOW_RACE };

  assert_rejects(avow_each(channel, note_item, NULL, &race), UV_EINVAL);

  avow_channel_unref(channel);
}

static void each_refuses_options_of_a_later_version(void **state) {
  const avow_map_options_t newer = { .reserved[0] = 1 };

  assert_says(avow_each(channel, note_item, NULL, &newer), UV_EINVAL,
              "each: invalid argument: a reserved field is not zero");

  avow_channel_unref(channel);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, set_up, harness_teardown)

static avow_value_t exhaust(const avow_value_t *item, void *data) {
  avow_value_unref(note_value_cb(item, "item"));
  use_up_reserve();
  return avow_none();
}

static void each_rejects_without_memory_for_the_next_item(void **state) {
  send_all(1, 2);

  avow_promise_t *p = avow_each(channel, exhaust, NULL, NULL);
  run();
  give_back_memory();

  assert_rejects(p, UV_ENOMEM);
  assert_notes("item=1");
  avow_channel_unref(channel);
}

static void items_of_pending_sends_are_processed_after_the_end(void **state) {
  avow_channel_t *narrow = avow_channel_new(loop, 0);
  avow_promise_t *sent[] = { avow_channel_send(narrow, avow_int(1)),
                             avow_channel_send(narrow, avow_error(UV_EIO)) };
  const avow_map_options_t options = { .kind = AVOW_ALL_SETTLED };
  avow_channel_end(narrow);

  assert_fulfills_none(avow_each(narrow, note_item, NULL, &options));

  assert_notes("item=1");
  assert_fulfills_none(sent[0]);
  assert_fulfills_none(sent[1]);
  avow_channel_unref(narrow);
  avow_channel_unref(channel);
}

/* Leaves memory for the promise of the next item, but not for its waiter. */
static avow_value_t exhaust_but_one(const avow_value_t *item, void *data) {
  avow_promise_t *one = avow_promise_resolve(loop, avow_none());
  const avow_value_t v = exhaust(item, data);
  avow_unref(one);
  return v;
}

static void each_rejects_without_memory_for_the_waiter(void **state) {
  const avow_map_options_t options = { .kind = AVOW_ALL_SETTLED };
  send_all(1, 1);

  avow_promise_t *p = avow_each(channel, exhaust_but_one, NULL, &options);
  run();
  give_back_memory();

  assert_rejects(p, UV_ENOMEM);
  assert_notes("item=1");
  avow_channel_unref(channel);
}

static avow_value_t send_again(const avow_value_t *item, void *calls) {
  ++*(int *) calls;
  avow_unref(avow_channel_send(channel, avow_int(1)));
  return avow_none();
}

static void loop_close_abandons_a_shielded_endless_each(void **state) {
  int calls = 0;
  send_all(1, 1);
  avow_promise_t *p = avow_shield(avow_each(channel, send_again, &calls, NULL));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  assert_in_range(calls, 1, 10000);
  avow_unref(p);
  avow_channel_unref(channel);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

SUITE(each) {
  const struct CMUnitTest tests[] = {
    EACH(each_takes_items_in_order_until_the_end),
    EACH(each_limits_concurrent_calls),
    EACH(each_takes_no_items_after_a_failure),
    EACH(failure_stops_waiting_for_an_item),
    EACH(items_are_collected_without_a_function),
    EACH(skipped_items_are_left_out),
    EACH(rejection_with_eskip_is_not_a_failure),
    EACH(all_settled_continues_after_failures),
    EACH(error_item_rejects_each),
    EACH(all_settled_skips_error_items),
    EACH(all_settled_rejects_when_the_channel_fails),
    EACH(all_settled_tells_error_items_from_a_failure),
    EACH(all_settled_rejects_for_an_unallocated_channel),
    EACH(failed_channel_rejects_each),
    EACH(each_without_a_limit_runs_all_calls_at_once),
    EACH(canceling_each_cancels_calls_and_keeps_items),
    EACH(each_with_kind_race_is_refused),
    EACH(each_refuses_options_of_a_later_version),
    EACH(map_lists_results_in_the_order_of_the_items),
    EACH(map_of_many_items_lists_all_results),
    EACH(map_rejects_with_the_first_failure),
    EACH(map_of_all_settled_lists_failures_too),
    EACH(map_of_no_items_is_an_empty_list),
    EACH(each_rejects_without_memory_for_the_next_item),
    EACH(items_of_pending_sends_are_processed_after_the_end),
    EACH(each_rejects_without_memory_for_the_waiter),
    EACH(loop_close_abandons_a_shielded_endless_each),
  };
  return RUN(tests);
}
