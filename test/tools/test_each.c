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

  assert_fulfils_none(p);
  avow_channel_unref(channel);
}

static void each_runs_so_many_at_a_time(void **state) {
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

  assert_fulfils_none(p);
  avow_channel_unref(channel);
}

static void failure_takes_no_more_items(void **state) {
  send_all(1, 3);

  assert_rejects(avow_each(channel, fail_two, NULL, NULL), UV_EIO);

  assert_notes("item=1 item=2");
  assert_fulfils_int(avow_channel_next(channel), 3);
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

static void map_of_many_items_lists_them_all(void **state) {
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
  assert_fulfils_int(avow_channel_next(channel), 3);
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

static void map_of_nothing_is_an_empty_list(void **state) {
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

static void skipping_by_a_promise_is_no_failure(void **state) {
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

static void all_settled_goes_on_after_failures(void **state) {
  const avow_map_options_t options = { .kind = AVOW_ALL_SETTLED };
  send_all(1, 3);
  avow_channel_end(channel);

  assert_fulfils_none(avow_each(channel, fail_two, NULL, &options));

  assert_notes("item=1 item=2 item=3");
  avow_channel_unref(channel);
}

static void send_with_an_error_inside(void) {
  send_all(1, 1);
  avow_unref(avow_channel_send(channel, avow_error(UV_ENFILE)));
  send_all(3, 3);
}

static void item_that_is_an_error_fails_it(void **state) {
  send_with_an_error_inside();

  assert_rejects(avow_each(channel, note_item, NULL, NULL), UV_ENFILE);

  assert_notes("item=1");
  assert_fulfils_int(avow_channel_next(channel), 3);
  avow_channel_unref(channel);
}

static void all_settled_passes_over_items_that_are_errors(void **state) {
  const avow_map_options_t options = { .kind = AVOW_ALL_SETTLED };
  send_with_an_error_inside();
  avow_promise_t *p = avow_each(channel, note_item, NULL, &options);
  run();
  avow_unref(avow_channel_send(channel, avow_error(UV_EMFILE)));
  send_all(4, 4);
  run();
  assert_notes("item=1 item=3 item=4");

  avow_channel_end(channel);

  assert_fulfils_none(p);
  avow_channel_unref(channel);
}

static void all_settled_fails_as_the_channel_does(void **state) {
  const avow_map_options_t options = { .kind = AVOW_ALL_SETTLED };
  avow_promise_t *p = avow_each(channel, note_item, NULL, &options);
  run();

  avow_channel_fail(channel, avow_error(UV_EPROTO));

  assert_rejects(p, UV_EPROTO);
  avow_channel_unref(channel);
}

static void all_settled_keeps_apart_an_error_and_the_failure(void **state) {
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

static void all_settled_fails_with_a_channel_without_memory(void **state) {
  const avow_map_options_t options = { .kind = AVOW_ALL_SETTLED };
  avow_channel_t *none = channel_without_memory();

  assert_rejects(avow_each(none, note_item, NULL, &options), UV_ENOMEM);

  avow_channel_unref(none);
  avow_channel_unref(channel);
}

static void failed_channel_fails_it(void **state) {
  send_all(1, 1);
  avow_channel_fail(channel, avow_error(UV_EPROTO));

  assert_rejects(avow_each(channel, note_item, NULL, NULL), UV_EPROTO);

  assert_notes("item=1");
  avow_channel_unref(channel);
}

static void each_without_a_limit_runs_all_at_a_time(void **state) {
  send_all(1, 3);
  avow_channel_end(channel);
  avow_promise_t *p = avow_each(channel, begin, NULL, NULL);
  run();
  assert_notes("item=1 item=2 item=3");

  for (size_t i = 0; i < 3; i++)
    end(i, avow_none());

  assert_fulfils_none(p);
  avow_channel_unref(channel);
}

static void cancelling_cancels_what_runs_and_keeps_the_items(void **state) {
  const avow_map_options_t one = { .concurrency = 1 };
  send_all(1, 2);
  avow_promise_t *p = avow_each(channel, begin, NULL, &one);
  run();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("item=1 stopped");
  assert_fulfils_int(avow_channel_next(channel), 2);
  avow_deferred_drop(work[0]);
  avow_channel_unref(channel);
}

static void each_of_a_race_is_refused(void **state) {
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

static void item_that_no_block_can_wait_for_rejects(void **state) {
  send_all(1, 2);

  avow_promise_t *p = avow_each(channel, exhaust, NULL, NULL);
  run();
  give_back_memory();

  assert_rejects(p, UV_ENOMEM);
  assert_notes("item=1");
  avow_channel_unref(channel);
}

static void sender_that_waits_at_the_end_is_heard(void **state) {
  avow_channel_t *narrow = avow_channel_new(loop, 0);
  avow_promise_t *sent[] = { avow_channel_send(narrow, avow_int(1)),
                             avow_channel_send(narrow, avow_error(UV_EIO)) };
  const avow_map_options_t options = { .kind = AVOW_ALL_SETTLED };
  avow_channel_end(narrow);

  assert_fulfils_none(avow_each(narrow, note_item, NULL, &options));

  assert_notes("item=1");
  assert_fulfils_none(sent[0]);
  assert_fulfils_none(sent[1]);
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

static void next_item_that_no_block_can_wait_for_rejects(void **state) {
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

static void shielded_each_is_given_up_when_its_items_have_no_end(void **state) {
  int calls = 0;
  send_all(1, 1);
  avow_promise_t *p = avow_shield(avow_each(channel, send_again, &calls, NULL));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  assert_in_range(calls, 1, 10000);
  avow_unref(p);
  avow_channel_unref(channel);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

SUITE(each) {
  const struct CMUnitTest tests[] = {
    EACH(each_takes_items_in_order_until_the_end),
    EACH(each_runs_so_many_at_a_time),
    EACH(failure_takes_no_more_items),
    EACH(failure_stops_waiting_for_an_item),
    EACH(items_are_collected_without_a_function),
    EACH(skipped_items_are_left_out),
    EACH(skipping_by_a_promise_is_no_failure),
    EACH(all_settled_goes_on_after_failures),
    EACH(item_that_is_an_error_fails_it),
    EACH(all_settled_passes_over_items_that_are_errors),
    EACH(all_settled_fails_as_the_channel_does),
    EACH(all_settled_keeps_apart_an_error_and_the_failure),
    EACH(all_settled_fails_with_a_channel_without_memory),
    EACH(failed_channel_fails_it),
    EACH(each_without_a_limit_runs_all_at_a_time),
    EACH(cancelling_cancels_what_runs_and_keeps_the_items),
    EACH(each_of_a_race_is_refused),
    EACH(each_refuses_options_of_a_later_version),
    EACH(map_lists_results_in_the_order_of_the_items),
    EACH(map_of_many_items_lists_them_all),
    EACH(map_rejects_with_the_first_failure),
    EACH(map_of_all_settled_lists_failures_too),
    EACH(map_of_nothing_is_an_empty_list),
    EACH(item_that_no_block_can_wait_for_rejects),
    EACH(sender_that_waits_at_the_end_is_heard),
    EACH(next_item_that_no_block_can_wait_for_rejects),
    EACH(shielded_each_is_given_up_when_its_items_have_no_end),
  };
  return RUN(tests);
}
