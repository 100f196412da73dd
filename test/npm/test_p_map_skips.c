/* SPDX-License-Identifier: MIT */
/* p-map: items that are skipped, and maps that are iterated over. */
#include "npm.h"

enum { SKIP = -1, FEW = 8, LATER = 10 };

static npm_job_t items[FEW];
static size_t n_items;
static size_t indices[FEW];
static uint64_t times[FEW];
static size_t begun, done;

static void begin(void) {
  static const npm_job_t jobs[FEW] = { { .ms = 300, .value = 10 },
                                       { .ms = 200, .value = 20 },
                                       { .ms = 100, .value = 30 },
                                       { .ms = 50, .value = 40 },
                                       { .ms = 25, .value = 50 } };
  memcpy(items, jobs, sizeof(items));
  n_items = 3;
  begun = done = 0;
}

static void put(const int64_t values[], size_t n) {
  n_items = n;
  for (size_t i = 0; i < n; i++)
    items[i] = (npm_job_t){ .value = values[i] };
}

static avow_value_t give(size_t i) {
  return items[i].value == SKIP ? avow_error(AVOW_ESKIP)
                                : avow_int(items[i].value);
}

static avow_value_t give_item(size_t i, void *unused) {
  return give(i);
}

static avow_value_t give_number(const avow_value_t *number, void *unused) {
  return give((size_t) avow_to_int(number));
}

static avow_value_t note_done(const avow_value_t *arg, void *unused) {
  done++;
  return avow_value_ref(arg);
}

static avow_value_t do_number(const avow_value_t *number, void *unused) {
  const size_t i = (size_t) avow_to_int(number);
  indices[begun] = i;
  times[begun++] = avow_now(loop);
  avow_promise_t *p = avow_promise_resolve(loop, do_job(&items[i]));
  return avow_follow(avow_then(p, note_done, NULL, NULL));
}

static avow_channel_t *numbers(void) {
  avow_channel_t *c = avow_channel_new(loop, FEW);
  for (size_t i = 0; i < n_items; i++)
    assert_int_equal(avow_channel_try_send(c, avow_int((int64_t) i)), 0);
  avow_channel_end(c);
  return c;
}

static avow_channel_t *map(size_t concurrency) {
  const avow_map_options_t options = { .concurrency = concurrency };
  return avow_channel_map(numbers(), do_number, NULL, &options);
}

/* Asserts all items of the channel, as a list. */
static void assert_items(avow_channel_t *c, const char *outcome) {
  const avow_map_options_t options = { .concurrency = 1, .collects = true };
  assert_outcome(avow_each(c, NULL, NULL, &options), outcome);
  avow_channel_unref(c);
}

static void assert_skips(const int64_t values[], size_t n,
                         const char *outcome) {
  put(values, n);
  assert_outcome(avow_map(loop, n, give_item, NULL, NULL), outcome);
}

static void assert_each_skips(const int64_t values[], size_t n,
                              const char *outcome) {
  const avow_map_options_t options = { .collects = true };
  put(values, n);
  avow_channel_t *c = numbers();
  assert_outcome(avow_each(c, give_number, NULL, &options), outcome);
  avow_channel_unref(c);
}

static const int64_t one[] = { 1, SKIP, 2 };
static const int64_t several[] = { 1, SKIP, 2, SKIP, 3, SKIP, SKIP, 4 };
static const int64_t all[] = { SKIP, SKIP, SKIP, SKIP };

static void map_skips_one_item(void **state) {
  assert_skips(one, 3, "is=[1 2]");
}

static void map_skips_several_items(void **state) {
  assert_skips(several, 8, "is=[1 2 3 4]");
}

static void map_skips_all_items(void **state) {
  assert_skips(all, 4, "is=[]");
}

static void each_skips_one_item(void **state) {
  assert_each_skips(one, 3, "is=[1 2]");
}

static void each_skips_several_items(void **state) {
  assert_each_skips(several, 8, "is=[1 2 3 4]");
}

static void each_skips_all_items(void **state) {
  assert_each_skips(all, 4, "is=[]");
}

static void channel_map_gives_all_results(void **state) {
  assert_items(map(FEW), "is=[10 20 30]");
}

static void function_receives_the_number_of_each_item(void **state) {
  n_items = 5;
  assert_items(map(FEW), "is=[10 20 30 40 50]");
  for (size_t i = 0; i < 5; i++)
    assert_int_equal(indices[i], i);
}

static void numbers_keep_the_order_of_the_source(void **state) {
  items[0].ms = 50;
  items[1].ms = 10;
  items[2].ms = 30;
  assert_items(map(3), "is=[10 20 30]");
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(indices[i], i);
}

static void channel_map_of_no_items_is_empty(void **state) {
  n_items = 0;
  assert_items(map(FEW), "is=[]");
}

static void failed_source_fails_the_channel_map(void **state) {
  avow_channel_t *source = avow_channel_new(loop, 0);
  avow_channel_fail(source, avow_error(UV_EPROTO));
  avow_channel_t *c = avow_channel_map(source, do_number, NULL, NULL);

  assert_rejects(avow_channel_next(c), UV_EPROTO);

  avow_channel_unref(c);
}

static void assert_fails(avow_channel_t *c, int code) {
  const avow_map_options_t options = { .concurrency = 1, .collects = true };
  assert_rejects(avow_each(c, NULL, NULL, &options), code);
  avow_channel_unref(c);
}

static void failed_function_fails_the_channel_map(void **state) {
  items[0].code = UV_EPROTO;
  assert_fails(map(FEW), UV_EPROTO);
}

static void results_before_a_failure_are_received(void **state) {
  items[0].ms = 10;
  items[1].code = UV_EPERM;
  avow_channel_t *c = map(3);

  assert_fulfills_int(avow_channel_next(c), 10);
  assert_rejects(avow_channel_next(c), UV_EPERM);

  avow_channel_unref(c);
}

static void channel_map_runs_one_call_at_a_time(void **state) {
  assert_items(map(1), "is=[10 20 30]");
  assert_int_equal(avow_now(loop), 600);
}

static void channel_map_runs_two_calls_at_a_time(void **state) {
  n_items = 5;
  assert_items(map(2), "is=[10 20 30 40 50]");
  assert_int_equal(times[1], 0);
  assert_int_equal(times[2], 300);
  assert_int_equal(times[3], 300);
}

static void unread_results_cause_backpressure(void **state) {
  n_items = 5;
  avow_channel_t *c = map(2);
  assert_fulfills_int(avow_channel_next(c), 10);

  avow_value_unref(avow_run(avow_sleep(loop, 600)));
  assert_int_equal(done, 3);

  assert_fulfills_int(avow_channel_next(c), 20);
  avow_value_unref(avow_run(avow_sleep(loop, 100)));
  assert_int_equal(done, 4);
  avow_channel_unref(c);
}

static void channel_map_runs_no_call_above_its_limit(void **state) {
  for (size_t i = 0; i < 3; i++)
    items[i] = (npm_job_t){ .ms = 100, .value = (int64_t) i };
  assert_items(map(1), "is=[0 1 2]");
  assert_int_equal(jobs_at_most(), 1);
}

static void channel_map_skips_one_item(void **state) {
  put(one, 3);
  assert_items(avow_channel_map(numbers(), give_number, NULL, NULL),
               "is=[1 2]");
}

#define AHEAD "concurrency limits calls and buffered results together"

static const npm_case_t cases[] = {
  SAME("pMapSkip", map_skips_one_item),
  SAME("multiple pMapSkips", map_skips_several_items),
  SAME("all pMapSkips", map_skips_all_items),
  SAME("asyncIterator - pMapSkip", each_skips_one_item),
  SAME("asyncIterator - multiple pMapSkips", each_skips_several_items),
  SAME("asyncIterator - all pMapSkips", each_skips_all_items),
  UNSAID("multiple pMapSkips - algorithmic complexity",
         "the list is made once, and its time is not tested"),
  SAME("pMapIterable", channel_map_gives_all_results),
  SAME("pMapIterable - index in mapper",
       function_receives_the_number_of_each_item),
  SAME("pMapIterable - index in mapper (out-of-order-settling promises)",
       numbers_keep_the_order_of_the_source),
  SAME("pMapIterable - empty", channel_map_of_no_items_is_empty),
  SAME("pMapIterable - iterable that throws",
       failed_source_fails_the_channel_map),
  SAME("pMapIterable - mapper that throws",
       failed_function_fails_the_channel_map),
  SAME("pMapIterable - stop on error", results_before_a_failure_are_received),
  SAME("pMapIterable - concurrency: 1", channel_map_runs_one_call_at_a_time),
  DIFFERS("pMapIterable - concurrency: 2", channel_map_runs_two_calls_at_a_time,
          AHEAD),
  SAME("pMapIterable - backpressure", unread_results_cause_backpressure),
  DIFFERS("pMapIterable - async input, backpressure > concurrency",
          channel_map_runs_no_call_above_its_limit, AHEAD),
  SAME("pMapIterable - pMapSkip", channel_map_skips_one_item),
};

SUITE(p_map_skips) {
  return RUN_NPM("p-map 7.0.6", cases, begin);
}
