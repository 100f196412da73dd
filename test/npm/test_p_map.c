/* SPDX-License-Identifier: MIT */
/* p-map: a function for each item of an array or of a channel. */
#include "npm.h"

#define TYPES       "the compiler checks types"
#define NO_ITERATOR "an array has no function that could throw an error"

enum { MANY = 100, NUMBERS = 16 };

/* The items: their outcomes and the time that they take. */
static npm_job_t items[MANY];
static size_t n_items;
static int64_t seen[NUMBERS]; /* arguments of the function */
static size_t n_seen;

static void begin(void) {
  memset(items, 0, sizeof(items));
  n_seen = 0;
  n_items = 3;
  items[0] = (npm_job_t){ .ms = 300, .value = 10 };
  items[1] = (npm_job_t){ .ms = 200, .value = 20 };
  items[2] = (npm_job_t){ .ms = 100, .value = 30 };
}

static void put_delays(const uint64_t ms[], size_t n) {
  n_items = n;
  for (size_t i = 0; i < n; i++)
    items[i] = (npm_job_t){ .ms = ms[i], .value = (int64_t) ms[i] };
}

static void put_random(size_t n) {
  n_items = n;
  for (size_t i = 0; i < n; i++)
    items[i] = (npm_job_t){ .ms = some_ms(0, 100), .value = (int64_t) i };
}

static avow_value_t do_item(size_t i, void *unused) {
  if (n_seen < NUMBERS)
    seen[n_seen++] = (int64_t) i;
  return do_job(&items[i]);
}

static avow_value_t do_number(const avow_value_t *number, void *unused) {
  return do_item((size_t) avow_to_int(number), NULL);
}

static avow_value_t wait_10_ms(void *unused) {
  return avow_follow(avow_sleep(loop, 10));
}

typedef struct {
  avow_channel_t *channel;
  int64_t next;
} feed_t;

static avow_value_t send_next(const avow_value_t *arg, void *data) {
  feed_t *feed = data;
  if (feed->next == (int64_t) n_items) {
    avow_channel_end(feed->channel);
    return avow_int(0);
  }
  return avow_follow(avow_channel_send(feed->channel, avow_int(feed->next++)));
}

static avow_value_t feed_step(void *data) {
  return avow_follow(avow_then(avow_promise_resolve(loop, wait_10_ms(NULL)),
                               send_next, NULL, data));
}

static void feed_free(void *data) {
  feed_t *feed = data;
  avow_channel_unref(feed->channel);
  free(feed);
}

/* Returns a channel of the items' numbers with one item every 10 ms, like an
   iterator that waits. */
static avow_channel_t *numbers(void) {
  feed_t *feed = malloc(sizeof(*feed));
  assert_non_null(feed);
  *feed = (feed_t){ .channel = avow_channel_new(loop, 0) };
  avow_channel_t *c = avow_channel_ref(feed->channel);
  avow_unref(avow_attach(avow_repeat(loop, feed_step, feed), feed, feed_free));
  return c;
}

static avow_promise_t *map(size_t concurrency) {
  const avow_map_options_t options = { .concurrency = concurrency };
  return avow_map(loop, n_items, do_item, NULL, &options);
}

static avow_promise_t *each(size_t concurrency) {
  const avow_map_options_t options = { .concurrency = concurrency,
                                       .collects = true };
  avow_channel_t *c = numbers();
  avow_promise_t *p = avow_each(c, do_number, NULL, &options);
  avow_channel_unref(c);
  return p;
}

typedef avow_promise_t *(*map_fn)(size_t concurrency);

static void assert_seen(const int64_t expected[], size_t n) {
  assert_int_equal(n_seen, n);
  assert_memory_equal(seen, expected, n * sizeof(expected[0]));
}

static void map_keeps_the_order_of_results(void **state) {
  assert_at(300, map(0), "is=[10 20 30]");
}

static void each_keeps_the_order_of_results(void **state) {
  assert_at(310, each(0), "is=[10 20 30]");
}

static void map_runs_one_call_at_a_time(void **state) {
  assert_at(600, map(1), "is=[10 20 30]");
}

static void each_runs_one_call_at_a_time(void **state) {
  assert_at(610, each(1), "is=[10 20 30]");
}

static void assert_four_at_a_time(map_fn fn) {
  n_items = MANY;
  for (size_t i = 0; i < MANY; i++)
    items[i] = (npm_job_t){ .ms = some_ms(30, 200) };
  avow_value_unref(avow_run(fn(4)));
  assert_int_equal(jobs_at_most(), 4);
}

static void map_runs_four_calls_at_a_time(void **state) {
  assert_four_at_a_time(map);
}

static void each_runs_four_calls_at_a_time(void **state) {
  assert_four_at_a_time(each);
}

static void map_of_no_items_is_an_empty_list(void **state) {
  n_items = 0;
  assert_outcome(map(0), "is=[]");
}

static void each_of_an_empty_channel_is_an_empty_list(void **state) {
  n_items = 0;
  assert_outcome(each(0), "is=[]");
}

static void assert_random_order(map_fn fn) {
  put_random(10);
  assert_outcome(fn(2), "is=[0 1 2 3 4 5 6 7 8 9]");
}

static void map_keeps_the_order_at_random_times(void **state) {
  assert_random_order(map);
}

static void each_keeps_the_order_at_random_times(void **state) {
  assert_random_order(each);
}

static void assert_problematic(map_fn fn) {
  put_delays((uint64_t[]){ 100, 200, 10, 36, 13, 45 }, 6);
  assert_outcome(fn(2), "is=[100 200 10 36 13 45]");
}

static void map_keeps_the_order_at_problematic_times(void **state) {
  assert_problematic(map);
}

static void each_keeps_the_order_at_problematic_times(void **state) {
  assert_problematic(each);
}

static void assert_reversed(map_fn fn) {
  put_delays((uint64_t[]){ 200, 100, 50 }, 3);
  assert_outcome(fn(2), "is=[200 100 50]");
}

static void map_keeps_the_order_if_later_calls_end_first(void **state) {
  assert_reversed(map);
}

static void each_keeps_the_order_if_later_calls_end_first(void **state) {
  assert_reversed(each);
}

/* Two items that fulfill, and one that fails after `before` of them. */
static void put_failure(size_t before, int code) {
  items[before] = (npm_job_t){ .ms = 10, .code = code };
}

static void map_rejects_with_the_first_failure(void **state) {
  put_failure(2, UV_EPROTO);
  assert_rejects(map(1), UV_EPROTO);
  put_failure(1, UV_EPERM);
  assert_rejects(map(1), UV_EPERM);
}

static void each_rejects_with_the_first_failure(void **state) {
  put_failure(1, UV_EPERM);
  assert_rejects(each(1), UV_EPERM);
}

static avow_promise_t *settle_all(size_t concurrency) {
  const avow_map_options_t options = { .concurrency = concurrency,
                                       .kind = AVOW_ALL_SETTLED };
  return avow_map(loop, n_items, do_item, NULL, &options);
}

static void settling_map_reports_every_outcome(void **state) {
  put_failure(1, UV_EPERM);
  avow_promise_t *p = settle_all(1);
  avow_value_unref(avow_run(avow_ref(p)));

  const avow_value_t *list = avow_result(p);
  assert_int_equal(avow_outcome_at(list, 0).status, AVOW_FULFILLED);
  assert_int_equal(avow_outcome_at(list, 1).status, AVOW_REJECTED);
  assert_int_equal(avow_outcome_at(list, 2).status, AVOW_FULFILLED);
  avow_unref(p);
}

static void settling_each_calls_for_every_item(void **state) {
  const avow_map_options_t options = { .concurrency = 1,
                                       .kind = AVOW_ALL_SETTLED,
                                       .collects = true };
  put_failure(1, UV_EPERM);
  avow_channel_t *c = numbers();

  avow_promise_t *p = avow_each(c, do_number, NULL, &options);

  avow_value_t list = avow_run(p);
  assert_int_equal(avow_list_len(&list), 3);
  assert_seen((int64_t[]){ 0, 1, 2 }, 3);
  avow_value_unref(list);
  avow_channel_unref(c);
}

/* With unlimited concurrency all items run, even if they fail. */
static void assert_all_run(map_fn fn, uint64_t at) {
  items[0] = (npm_job_t){ .ms = 100, .code = UV_EPROTO };
  items[1] = (npm_job_t){ .ms = 300 };
  items[2] = (npm_job_t){ .ms = 0 };
  assert_rejects(fn(0), UV_EPROTO);
  assert_seen((int64_t[]){ 0, 1, 2 }, 3);
  assert_int_equal(avow_now(loop), at);
}

static void map_waits_for_running_calls(void **state) {
  assert_all_run(map, 300);
}

static void each_waits_for_running_calls(void **state) {
  assert_all_run(each, 320);
}

static void each_rejects_with_the_first_of_three_failures(void **state) {
  for (size_t i = 0; i < 3; i++)
    items[i] = (npm_job_t){ .ms = 50, .code = UV_EIO - (int) i };
  assert_rejects(each(0), UV_EIO);
  assert_seen((int64_t[]){ 0, 1, 2 }, 3);
}

static void no_failure_is_unhandled(void **state) {
  for (size_t i = 0; i < 3; i++)
    items[i] = (npm_job_t){ .ms = 100, .code = UV_EIO - (int) i };
  assert_rejects(map(0), UV_EIO);
  assert_seen((int64_t[]){ 0, 1, 2 }, 3);
}

static void map_stops_calling_after_a_failure(void **state) {
  items[0].code = UV_EIO;
  assert_rejects(map(1), UV_EIO);
  assert_seen((int64_t[]){ 0 }, 1);
}

/* Returns a channel that fails after n items. */
static avow_channel_t *failing(size_t n) {
  avow_channel_t *c = avow_channel_new(loop, NUMBERS);
  for (size_t i = 0; i < n; i++)
    assert_int_equal(avow_channel_try_send(c, avow_int((int64_t) i)), 0);
  avow_channel_fail(c, avow_error(UV_EPROTO));
  return c;
}

static void assert_source_fails(size_t n, avow_gather_kind_t kind) {
  const avow_map_options_t options = { .concurrency = 1, .kind = kind };
  avow_channel_t *c = failing(n);
  assert_rejects(avow_each(c, do_number, NULL, &options), UV_EPROTO);
  assert_int_equal(n_seen, n);
  avow_channel_unref(c);
}

static void each_rejects_if_the_source_fails_at_once(void **state) {
  assert_source_fails(0, AVOW_ALL);
}

static void each_rejects_if_the_source_fails_after_an_item(void **state) {
  assert_source_fails(1, AVOW_ALL);
}

static void each_rejects_if_the_source_fails_after_a_failure(void **state) {
  items[0].code = UV_EPERM;
  assert_source_fails(1, AVOW_ALL_SETTLED);
}

static void map_refuses_a_missing_function(void **state) {
  assert_rejects(avow_map(loop, 3, NULL, NULL, NULL), UV_EINVAL);
}

static avow_value_t reject(const avow_value_t *arg, void *unused) {
  return avow_error(UV_EPERM);
}

static void signal_rejects_a_running_map(void **state) {
  avow_promise_t *stop = avow_then(avow_sleep(loop, 100), reject, NULL, NULL);
  items[0].ms = 1000;

  assert_rejects(avow_until(map(1), stop), UV_EPERM);

  assert_int_equal(avow_now(loop), 100);
  avow_unref(stop);
}

static void map_does_not_start_after_a_signal(void **state) {
  avow_promise_t *stop = avow_promise_reject(loop, avow_error(UV_EPERM));

  assert_rejects(avow_until(map(1), stop), UV_EPERM);

  assert_int_equal(n_seen, 0);
  avow_unref(stop);
}

static const npm_case_t cases[] = {
  SAME("main", map_keeps_the_order_of_results),
  SAME("concurrency: 1", map_runs_one_call_at_a_time),
  SAME("concurrency: 4", map_runs_four_calls_at_a_time),
  SAME("handles empty iterable", map_of_no_items_is_an_empty_list),
  SAME("async with concurrency: 2 (random time sequence)",
       map_keeps_the_order_at_random_times),
  SAME("async with concurrency: 2 (problematic time sequence)",
       map_keeps_the_order_at_problematic_times),
  SAME("async with concurrency: 2 (out of order time sequence)",
       map_keeps_the_order_if_later_calls_end_first),
  UNSAID("enforce number in options.concurrency", TYPES),
  SAME("immediately rejects when stopOnError is true",
       map_rejects_with_the_first_failure),
  DIFFERS("aggregate errors when stopOnError is false",
          settling_map_reports_every_outcome,
          "AVOW_ALL_SETTLED fulfills with values and reasons"),
  DIFFERS("all mappers should run when concurrency is infinite, even after "
          "stop-on-error happened",
          map_waits_for_running_calls,
          "the map rejects after its running calls have ended"),
  SAME("asyncIterator - main", each_keeps_the_order_of_results),
  SAME("asyncIterator - concurrency: 1", each_runs_one_call_at_a_time),
  SAME("asyncIterator - concurrency: 4", each_runs_four_calls_at_a_time),
  SAME("asyncIterator - handles empty iterable",
       each_of_an_empty_channel_is_an_empty_list),
  SAME("asyncIterator - async with concurrency: 2 (random time sequence)",
       each_keeps_the_order_at_random_times),
  SAME("asyncIterator - async with concurrency: 2 (problematic time sequence)",
       each_keeps_the_order_at_problematic_times),
  SAME("asyncIterator - async with concurrency: 2 (out of order time sequence)",
       each_keeps_the_order_if_later_calls_end_first),
  UNSAID("asyncIterator - enforce number in options.concurrency", TYPES),
  SAME("asyncIterator - immediately rejects when stopOnError is true",
       each_rejects_with_the_first_failure),
  DIFFERS("asyncIterator - aggregate errors when stopOnError is false",
          settling_each_calls_for_every_item,
          "AVOW_ALL_SETTLED fulfills with values and reasons"),
  DIFFERS("asyncIterator - all mappers should run when concurrency is "
          "infinite, even after stop-on-error happened",
          each_waits_for_running_calls,
          "the map rejects after its running calls have ended"),
  DIFFERS("catches exception from source iterator - 1st item",
          each_rejects_if_the_source_fails_at_once,
          "a channel fails where an iterator throws"),
  DIFFERS("catches exception from source iterator - 2nd item",
          each_rejects_if_the_source_fails_after_an_item,
          "a channel fails where an iterator throws"),
  DIFFERS("catches exception from source iterator - 2nd item after 1st item "
          "mapper throw",
          each_rejects_if_the_source_fails_after_a_failure,
          "a channel fails where an iterator throws"),
  SAME("asyncIterator - get the correct exception after stop-on-error",
       each_rejects_with_the_first_of_three_failures),
  UNSAID("incorrect input type", TYPES),
  SAME("no unhandled rejected promises from mapper throws - infinite "
       "concurrency",
       no_failure_is_unhandled),
  SAME("no unhandled rejected promises from mapper throws - concurrency 1",
       map_stops_calling_after_a_failure),
  DIFFERS("invalid mapper", map_refuses_a_missing_function,
          "the case passes NULL, because the compiler checks types"),
  SAME("abort by AbortController", signal_rejects_a_running_map),
  SAME("already aborted signal", map_does_not_start_after_a_signal),
};

SUITE(p_map) {
  return RUN_NPM("p-map 7.0.6", cases, begin);
}
