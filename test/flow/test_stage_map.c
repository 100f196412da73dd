/* SPDX-License-Identifier: MIT */
/* Maps of channels and filters, with one call at a time or several. */
#include "items.h"

enum { WORK = 6 };

static avow_channel_t *from, *to;
static avow_deferred_t *work[WORK];
static size_t begun;

static int set_up(void **state) {
  const int err = harness_setup(state);
  from = avow_channel_new(loop, 8);
  to = NULL;
  begun = 0;
  return err;
}

static int tear_down(void **state) {
  avow_channel_unref(to);
  avow_channel_unref(from);
  run();
  return harness_teardown(state);
}

static void send_all(int64_t first, int64_t last) {
  for (int64_t i = first; i <= last; i++)
    send_int(from, i);
}

static void map(avow_cb fn, const avow_map_options_t *options) {
  to = avow_channel_map(avow_channel_ref(from), fn, NULL, options);
}

static void filter(avow_cb fn, const avow_map_options_t *options) {
  to = avow_channel_filter(avow_channel_ref(from), fn, NULL, options);
}

static avow_value_t begin(const avow_value_t *item, void *data) {
  avow_value_unref(note_value_cb(item, "item"));
  avow_promise_t *p = avow_promise_new(loop, &work[begun]);
  avow_on_cancel(work[begun++], note_free, "stopped");
  return avow_follow(p);
}

static void end(size_t i, avow_value_t v) {
  assert_true(avow_resolve(work[i], v));
  run();
}

static void drop(size_t first, size_t n) {
  for (size_t i = first; i < first + n; i++)
    avow_deferred_drop(work[i]);
}

static avow_value_t twice(const avow_value_t *item, void *data) {
  return avow_int(2 * avow_to_int(item));
}

static avow_value_t fail_two(const avow_value_t *item, void *data) {
  return avow_to_int(item) == 2 ? avow_error(UV_EIO) : avow_value_ref(item);
}

static avow_value_t skip_two(const avow_value_t *item, void *data) {
  return avow_to_int(item) == 2 ? avow_error(AVOW_ESKIP) : avow_value_ref(item);
}

static avow_value_t nothing(const avow_value_t *item, void *data) {
  return avow_none();
}

static avow_value_t is_odd(const avow_value_t *item, void *data) {
  return avow_int(avow_to_int(item) % 2);
}

static void each_item_becomes_the_result_of_fn(void **state) {
  send_all(1, 2);
  avow_channel_end(from);
  map(twice, NULL);

  assert_next_int(to, 2);
  assert_next_int(to, 4);
  assert_fulfills_none(avow_channel_next(to));
}

static void promises_are_waited_for_one_at_a_time(void **state) {
  map(begin, NULL);
  avow_promise_t *ps[] = { avow_channel_next(to), avow_channel_next(to) };
  send_all(1, 2);
  run();
  assert_notes("item=1");

  end(0, avow_int(10));
  assert_notes("item=2");
  end(1, avow_int(20));

  assert_fulfills_int(ps[0], 10);
  assert_fulfills_int(ps[1], 20);
}

static void result_after_a_canceled_receive_is_kept(void **state) {
  map(begin, NULL);
  avow_promise_t *p = avow_channel_next(to);
  send_all(1, 2);
  run();
  assert_notes("item=1");

  assert_cancels_at_once(p);
  end(0, avow_int(10));

  assert_notes("");
  assert_next_int(to, 10);
}

static void failure_follows_earlier_results(void **state) {
  send_all(1, 3);
  map(fail_two, NULL);

  assert_next_int(to, 1);
  assert_rejects(avow_channel_next(to), UV_EIO);
  assert_rejects(avow_channel_next(to), UV_EIO);

  assert_next_int(from, 3);
}

static void failure_releases_the_source(void **state) {
  avow_channel_t *other = avow_channel_new(loop, 0);
  to = avow_channel_map(other, fail_two, NULL, NULL);
  avow_promise_t *sent[] = { avow_channel_send(other, avow_int(2)),
                             avow_channel_send(other, avow_int(3)) };

  assert_rejects(avow_channel_next(to), UV_EIO);

  assert_fulfills_none(sent[0]);
  assert_rejects(sent[1], UV_EPIPE);
}

static void all_settled_delivers_failures_as_items(void **state) {
  send_all(1, 3);
  map(fail_two, &(avow_map_options_t){ .kind = AVOW_ALL_SETTLED });

  assert_next_int(to, 1);
  assert_rejects(avow_channel_next(to), UV_EIO);
  assert_next_int(to, 3);
}

static void skipped_items_are_left_out(void **state) {
  send_all(1, 3);
  map(skip_two, NULL);

  assert_next_int(to, 1);
  assert_next_int(to, 3);
}

static void skip_by_a_promise_continues_with_the_next_item(void **state) {
  send_all(1, 2);
  map(begin, NULL);
  avow_promise_t *p = avow_channel_next(to);
  run();

  end(0, avow_error(AVOW_ESKIP));
  end(1, avow_int(20));

  assert_notes("item=1 item=2");
  assert_fulfills_int(p, 20);
}

static void none_as_a_result_is_refused(void **state) {
  send_all(1, 1);
  map(nothing, NULL);

  assert_says(avow_channel_next(to), UV_EINVAL,
              "map: the function returned none; return avow_error(AVOW_ESKIP) "
              "to drop the item");
}

static void closing_cancels_running_calls(void **state) {
  map(begin, NULL);
  avow_promise_t *p = avow_channel_next(to);
  send_all(1, 1);
  run();

  avow_channel_close(to);

  assert_notes("item=1 stopped");
  assert_fulfills_none(p);
  drop(0, 1);
}

static avow_value_t begin_and_close(const avow_value_t *item, void *data) {
  avow_channel_close(to);
  return begin(item, data);
}

static void call_that_closes_its_map_is_canceled(void **state) {
  map(begin_and_close, NULL);
  avow_promise_t *p = avow_channel_next(to);
  send_all(1, 1);
  run();

  assert_notes("item=1 stopped");
  assert_fulfills_none(p);
  drop(0, 1);
}

static const avow_map_options_t two = { .concurrency = 2 };
static const avow_map_options_t two_unordered = { .concurrency = 2,
                                                  .unordered = true };

static void calls_run_ahead_up_to_the_concurrency(void **state) {
  send_all(1, 5);
  map(begin, &two);
  run();
  assert_notes("item=1 item=2");

  end(0, avow_int(10));
  assert_notes("");
  assert_next_int(to, 10);
  run();

  assert_notes("item=3");
  avow_channel_clear(&to);
  assert_notes("stopped stopped");
  drop(1, 2);
}

static void results_keep_the_order_of_the_items(void **state) {
  send_all(1, 3);
  avow_channel_end(from);
  map(begin, &(avow_map_options_t){ .concurrency = 3 });
  run();

  end(2, avow_int(30));
  end(0, avow_int(10));
  end(1, avow_int(20));

  for (int i = 1; i <= 3; i++)
    assert_next_int(to, i * 10);
  assert_fulfills_none(avow_channel_next(to));
  assert_notes("item=1 item=2 item=3");
}

static void unordered_results_arrive_as_they_settle(void **state) {
  send_all(1, 3);
  avow_channel_end(from);
  map(begin, &(avow_map_options_t){ .concurrency = 3, .unordered = true });
  run();

  end(1, avow_int(20));
  end(2, avow_int(30));
  end(0, avow_int(10));

  assert_next_int(to, 20);
  assert_next_int(to, 30);
  assert_next_int(to, 10);
  assert_fulfills_none(avow_channel_next(to));
  assert_notes("item=1 item=2 item=3");
}

static void unordered_error_items_precede_running_calls(void **state) {
  send_all(1, 1);
  assert_settled(avow_channel_send(from, avow_error(UV_EIO)), AVOW_FULFILLED);
  map(begin, &two_unordered);
  run();

  assert_rejects(avow_channel_next(to), UV_EIO);

  end(0, avow_int(10));
  assert_next_int(to, 10);
  assert_notes("item=1");
}

static void failure_waits_for_earlier_results(void **state) {
  send_all(1, 4);
  map(begin, &(avow_map_options_t){ .concurrency = 3 });
  run();
  avow_promise_t *p = avow_channel_next(to);

  end(1, avow_error(UV_EIO));
  assert_int_equal(avow_state(p), AVOW_PENDING);
  end(0, avow_int(10));

  assert_fulfills_int(p, 10);
  assert_rejects(avow_channel_next(to), UV_EIO);
  assert_notes("item=1 item=2 item=3 stopped");
  drop(2, 1);
}

static void failed_map_takes_no_more_items(void **state) {
  send_all(1, 2);
  map(begin, &(avow_map_options_t){ .concurrency = 4 });
  run();
  end(1, avow_error(UV_EIO));

  send_int(from, 3);
  run();

  assert_notes("item=1 item=2");
  avow_value_t left = avow_none();
  assert_int_equal(avow_channel_try_next(from, &left), 0);
  assert_int_equal(avow_to_int(&left), 3);
  end(0, avow_int(10));
  assert_next_int(to, 10);
  assert_rejects(avow_channel_next(to), UV_EIO);
}

static void unordered_failure_comes_at_once(void **state) {
  send_all(1, 4);
  map(begin, &two_unordered);
  run();

  end(1, avow_error(UV_EIO));

  assert_rejects(avow_channel_next(to), UV_EIO);
  assert_notes("item=1 item=2 stopped");
  drop(0, 1);
}

static void failure_of_the_source_follows_running_calls(void **state) {
  send_all(1, 2);
  avow_channel_fail(from, avow_error(UV_EPROTO));
  map(begin, &(avow_map_options_t){ .concurrency = 4, .unordered = true });
  run();

  end(1, avow_int(20));
  end(0, avow_int(10));

  assert_next_int(to, 20);
  assert_next_int(to, 10);
  assert_rejects(avow_channel_next(to), UV_EPROTO);
  assert_notes("item=1 item=2");
}

static void closing_releases_unreceived_results(void **state) {
  static char word[] = "released";
  send_all(1, 2);
  map(begin, &two);
  run();
  end(1, thing(word));

  avow_channel_clear(&to);

  assert_notes("item=1 item=2 stopped released");
  drop(0, 1);
}

static void filter_passes_items_that_fn_accepts(void **state) {
  send_all(1, 4);
  avow_channel_end(from);
  filter(is_odd, NULL);

  assert_next_int(to, 1);
  assert_next_int(to, 3);
  assert_fulfills_none(avow_channel_next(to));
}

static void filter_waits_for_promises(void **state) {
  static char first[] = "first", second[] = "second";
  assert_settled(avow_channel_send(from, thing(first)), AVOW_FULFILLED);
  assert_settled(avow_channel_send(from, thing(second)), AVOW_FULFILLED);
  filter(begin, NULL);
  avow_promise_t *p = avow_channel_next(to);
  run();

  end(0, avow_int(0));
  assert_notes("item=thing first item=thing");
  end(1, avow_int(1));

  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  assert_notes("");
  avow_unref(p);
  assert_notes("second");
}

static void filter_runs_several_calls_at_a_time(void **state) {
  send_all(1, 3);
  filter(begin, &(avow_map_options_t){ .concurrency = 3 });
  run();

  end(2, avow_int(1));
  end(1, avow_int(0));
  end(0, avow_int(-1));

  assert_next_int(to, 1);
  assert_next_int(to, 3);
  assert_notes("item=1 item=2 item=3");
}

static void filter_fails_and_skips_like_a_map(void **state) {
  send_all(2, 2);
  filter(fail_two, NULL);
  assert_rejects(avow_channel_next(to), UV_EIO);
  avow_channel_unref(to);
  send_all(1, 3);
  filter(skip_two, NULL);

  assert_next_int(to, 1);
  assert_next_int(to, 3);
}

static avow_value_t say_yes(const avow_value_t *item, void *data) {
  return avow_string("yes");
}

static void filter_by_a_string(void) {
  send_all(1, 2);
  filter(say_yes, NULL);
  assert_says(avow_channel_next(to), AVOW_EMISUSE,
              "filter: misuse of avow; a checked build reports it");
}

static void filter_result_other_than_a_number_is_misuse(void **state) {
  assert_misuse(filter_by_a_string, "function of a filter returned type bytes");
}

static void assert_refused(avow_cb fn, const avow_map_options_t *options) {
  avow_channel_t *maps =
      avow_channel_map(avow_channel_ref(from), fn, NULL, options);
  avow_channel_t *filters =
      avow_channel_filter(avow_channel_ref(from), fn, NULL, options);

  assert_rejects(avow_channel_next(maps), UV_EINVAL);
  assert_rejects(avow_channel_next(filters), UV_EINVAL);

  avow_channel_unref(maps);
  avow_channel_unref(filters);
}

static void invalid_arguments_are_refused(void **state) {
  assert_refused(NULL, NULL);
  assert_refused(twice, &(avow_map_options_t){ .kind = AVOW_RACE });
  assert_refused(twice, &(avow_map_options_t){ .concurrency = 1 << 20 });
  assert_refused(twice, &(avow_map_options_t){ .reserved[3] = 1 });
}

#define MAP(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(stage_map) {
  const struct CMUnitTest tests[] = {
    MAP(each_item_becomes_the_result_of_fn),
    MAP(promises_are_waited_for_one_at_a_time),
    MAP(result_after_a_canceled_receive_is_kept),
    MAP(failure_follows_earlier_results),
    MAP(failure_releases_the_source),
    MAP(all_settled_delivers_failures_as_items),
    MAP(skipped_items_are_left_out),
    MAP(skip_by_a_promise_continues_with_the_next_item),
    MAP(none_as_a_result_is_refused),
    MAP(closing_cancels_running_calls),
    MAP(call_that_closes_its_map_is_canceled),
    MAP(calls_run_ahead_up_to_the_concurrency),
    MAP(results_keep_the_order_of_the_items),
    MAP(unordered_results_arrive_as_they_settle),
    MAP(unordered_error_items_precede_running_calls),
    MAP(failure_waits_for_earlier_results),
    MAP(failed_map_takes_no_more_items),
    MAP(unordered_failure_comes_at_once),
    MAP(failure_of_the_source_follows_running_calls),
    MAP(closing_releases_unreceived_results),
    MAP(filter_passes_items_that_fn_accepts),
    MAP(filter_waits_for_promises),
    MAP(filter_runs_several_calls_at_a_time),
    MAP(filter_fails_and_skips_like_a_map),
    MAP(filter_result_other_than_a_number_is_misuse),
    MAP(invalid_arguments_are_refused),
  };
  return RUN(tests);
}
