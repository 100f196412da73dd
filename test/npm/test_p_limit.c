/* SPDX-License-Identifier: MIT */
/* p-limit: a limiter. */
#include "npm.h"

enum { MANY = 100, SOME = 10 };

static npm_job_t work[MANY];

static avow_promise_t *all_of(avow_promise_t *const ps[], size_t n) {
  return avow_all(loop, ps, n);
}

/* Runs work[0] to work[n - 1], each when the limiter has a permit. */
static avow_promise_t *run_all(const avow_limiter_t *l, size_t n) {
  avow_promise_t *ps[MANY];
  for (size_t i = 0; i < n; i++)
    ps[i] = avow_limiter_run(l, do_job, &work[i]);
  return all_of(ps, n);
}

static void put_random_work(size_t n) {
  for (size_t i = 0; i < n; i++)
    work[i] = (npm_job_t){ .ms = some_ms(30, 200) };
}

static void put_equal_work(size_t n, uint64_t ms) {
  for (size_t i = 0; i < n; i++)
    work[i] = (npm_job_t){ .ms = ms };
}

static void one_permit_runs_one_call_at_a_time(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  work[0] = (npm_job_t){ .ms = 300, .value = 10 };
  work[1] = (npm_job_t){ .ms = 200, .value = 20 };
  work[2] = (npm_job_t){ .ms = 100, .value = 30 };

  assert_at(600, run_all(l, 3), "is=[10 20 30]");

  avow_limiter_unref(l);
}

static void five_permits_run_at_most_five_calls(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 5);
  put_random_work(MANY);

  avow_value_unref(avow_run(run_all(l, MANY)));

  assert_int_equal(jobs_at_most(), 5);
  avow_limiter_unref(l);
}

static avow_value_t nothing(void *unused) {
  return avow_none();
}

static void function_may_return_a_plain_value(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);

  assert_fulfills_none(avow_limiter_run(l, nothing, NULL));

  avow_limiter_unref(l);
}

static avow_value_t refuse(void *unused) {
  return avow_error(UV_EIO);
}

static avow_value_t set_it(void *flag) {
  *(bool *) flag = true;
  return avow_none();
}

static void next_call_runs_after_a_failure(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  bool ran = false;
  avow_promise_t *ps[] = { avow_limiter_run(l, refuse, NULL),
                           avow_limiter_run(l, set_it, &ran) };

  assert_rejects(all_of(ps, 2), UV_EIO);

  run();
  assert_true(ran);
  avow_limiter_unref(l);
}

static void data_is_passed_to_the_function(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  npm_job_t job = { .value = 7 };

  assert_fulfills_int(avow_limiter_run(l, do_job, &job), 7);

  avow_limiter_unref(l);
}

typedef struct {
  const char *words[2];
  size_t n;
} shared_t;

typedef struct {
  shared_t *shared;
  const char *word;
} addition_t;

static avow_value_t count_words(const avow_value_t *arg, void *shared) {
  return avow_int((int64_t) ((shared_t *) shared)->n);
}

static avow_value_t add_word(void *data) {
  const addition_t *addition = data;
  shared_t *shared = addition->shared;
  shared->words[shared->n++] = addition->word;
  return avow_follow(
      avow_then(avow_sleep(loop, 10), count_words, NULL, shared));
}

static void calls_may_share_their_data(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  shared_t shared = { .n = 0 };
  addition_t first = { &shared, "first" }, second = { &shared, "second" };
  avow_promise_t *ps[] = { avow_limiter_run(l, add_word, &first),
                           avow_limiter_run(l, add_word, &second) };
  assert_int_equal(avow_limiter_waiting(l), 1);

  assert_outcome(all_of(ps, 2), "is=[1 2]");

  assert_string_equal(shared.words[0], "first");
  assert_string_equal(shared.words[1], "second");
  avow_limiter_unref(l);
}

static void errors_are_not_ignored(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  work[0] = (npm_job_t){ .ms = 30 };
  work[1] = (npm_job_t){ .ms = 80, .code = UV_EPROTO };
  work[2] = (npm_job_t){ .ms = 50 };

  assert_rejects(run_all(l, 3), UV_EPROTO);

  run();
  avow_limiter_unref(l);
}

static avow_value_t read_number(void *number) {
  return avow_int(*(int *) number);
}

static void function_does_not_run_inside_the_call(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 3);
  int one = 1, value = 1;
  avow_promise_t *ps[] = { avow_limiter_run(l, read_number, &one),
                           avow_limiter_run(l, read_number, &value) };

  value = 2;

  assert_outcome(all_of(ps, 2), "is=[1 2]");
  avow_limiter_unref(l);
}

static void assert_counts(const avow_limiter_t *l, size_t running,
                          size_t waiting) {
  assert_int_equal(jobs_running(), running);
  assert_int_equal(avow_limiter_waiting(l), waiting);
}

static void counts_are_exact(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 5);
  put_equal_work(MANY, 1000);
  assert_counts(l, 0, 0);
  avow_promise_t *alone = avow_limiter_run(l, do_job, &work[0]);
  avow_value_unref(avow_run(avow_sleep(loop, 1)));
  assert_counts(l, 1, 0);
  avow_value_unref(avow_run(alone));
  assert_counts(l, 0, 0);

  avow_promise_t *at_once = run_all(l, 5), *later = run_all(l, 3);
  avow_value_unref(avow_run(avow_sleep(loop, 1)));
  assert_counts(l, 5, 3);
  avow_value_unref(avow_run(at_once));
  assert_counts(l, 3, 0);
  avow_value_unref(avow_run(later));

  assert_counts(l, 0, 0);
  avow_limiter_unref(l);
}

static void cancel_rejects_waiting_calls(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  put_equal_work(3, 100);
  avow_promise_t *running = avow_limiter_run(l, do_job, &work[0]);
  avow_promise_t *one = avow_limiter_run(l, do_job, &work[1]);
  avow_promise_t *two = avow_limiter_run(l, do_job, &work[2]);
  assert_int_equal(avow_limiter_waiting(l), 2);

  avow_limiter_cancel(l);

  assert_int_equal(avow_limiter_waiting(l), 0);
  assert_fulfills_int(running, 0);
  assert_rejects(one, UV_ECANCELED);
  assert_rejects(two, UV_ECANCELED);
  avow_limiter_unref(l);
}

static avow_value_t next_number(size_t i, void *unused) {
  return avow_int((int64_t) i + 2);
}

static void map_has_a_concurrency_limit(void **state) {
  const avow_map_options_t options = { .concurrency = 1 };

  assert_outcome(avow_map(loop, 7, next_number, NULL, &options),
                 "is=[2 3 4 5 6 7 8]");
}

static avow_value_t run_item(size_t i, void *l) {
  return avow_follow(avow_limiter_run(l, do_job, &work[i + 1]));
}

static void map_may_share_a_limiter(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  for (int i = 0; i < 3; i++)
    work[i] = (npm_job_t){ .ms = 10, .value = (i + 1) * 2 };
  avow_promise_t *ps[] = { avow_limiter_run(l, do_job, &work[0]),
                           avow_map(loop, 2, run_item, l, NULL) };

  assert_outcome(all_of(ps, 2), "is=[2 [4 6]]");

  assert_int_equal(jobs_at_most(), 1);
  avow_limiter_unref(l);
}

static avow_value_t later_the_sooner(size_t i, void *unused) {
  work[i] = (npm_job_t){ .ms = (5 - i) * 5, .value = 10 + (int64_t) i };
  return do_job(&work[i]);
}

static void results_keep_the_order(void **state) {
  const avow_map_options_t options = { .concurrency = 3 };

  assert_outcome(avow_map(loop, 5, later_the_sooner, NULL, &options),
                 "is=[10 11 12 13 14]");
}

static avow_value_t twice(const avow_value_t *arg, void *unused) {
  return avow_int(avow_to_int(arg) * 2);
}

static void items_may_come_from_a_channel(void **state) {
  const avow_map_options_t options = { .concurrency = 2, .collects = true };
  avow_channel_t *c = avow_channel_new(loop, 4);
  for (int i = 1; i <= 4; i++)
    assert_int_equal(avow_channel_try_send(c, avow_int(i)), 0);
  avow_channel_end(c);

  assert_outcome(avow_each(c, twice, NULL, &options), "is=[2 4 6 8]");

  avow_channel_unref(c);
}

static void calls_wait_without_permits(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 0);
  avow_promise_t *p = avow_limiter_run(l, nothing, NULL);
  assert_int_equal(avow_limiter_waiting(l), 1);

  avow_limiter_resize(l, 1);

  avow_value_unref(avow_run(p));
  avow_limiter_unref(l);
}

static avow_value_t note_running(void *job) {
  static char *const words[] = { "0", "1", "2", "3", "4", "5" };
  const avow_value_t v = do_job(job);
  note(words[jobs_running()]);
  return v;
}

static void assert_resized(size_t from, size_t to, const char *notes) {
  avow_limiter_t *l = avow_limiter_new(loop, from);
  avow_promise_t *ps[SOME];
  put_equal_work(SOME, 50);
  for (size_t i = 0; i < SOME; i++)
    ps[i] = avow_limiter_run(l, note_running, &work[i]);
  avow_value_unref(avow_run(avow_sleep(loop, 1)));
  assert_int_equal(jobs_running(), from);

  avow_limiter_resize(l, to);

  avow_value_unref(avow_run(all_of(ps, SOME)));
  assert_notes(notes);
  avow_limiter_unref(l);
}

static void fewer_permits_limit_later_calls(void **state) {
  assert_resized(4, 2, "1 2 3 4 2 2 2 2 2 2");
}

static void more_permits_start_waiting_calls_at_once(void **state) {
  assert_resized(2, 4, "1 2 3 4 4 4 4 4 4 4");
}

static const npm_case_t cases[] = {
  SAME("concurrency: 1", one_permit_runs_one_call_at_a_time),
  SAME("concurrency: 4", five_permits_run_at_most_five_calls),
  UNSAID("propagates async execution context properly",
         "functions have data; async functions keep their local values"),
  SAME("non-promise returning function", function_may_return_a_plain_value),
  SAME("continues after sync throw", next_call_runs_after_a_failure),
  SAME("accepts additional arguments", data_is_passed_to_the_function),
  SAME("shared context with a limited provider helper",
       calls_may_share_their_data),
  SAME("does not ignore errors", errors_are_not_ignored),
  SAME("runs all tasks asynchronously", function_does_not_run_inside_the_call),
  DIFFERS("activeCount and pendingCount properties", counts_are_exact,
          "avow_limiter_waiting() counts waiting calls only"),
  DIFFERS("clearQueue", cancel_rejects_waiting_calls,
          "waiting calls reject and do not wait forever"),
  SAME("clearQueue rejects pending promises when enabled",
       cancel_rejects_waiting_calls),
  SAME("map", map_has_a_concurrency_limit),
  SAME("map works when detached from the limit", map_may_share_a_limiter),
  SAME("map passes index and preserves order with concurrency",
       results_keep_the_order),
  SAME("map accepts an iterable (set)", items_may_come_from_a_channel),
  SAME("map accepts an iterable (array iterator)",
       items_may_come_from_a_channel),
  SAME("accepts options object", one_permit_runs_one_call_at_a_time),
  DIFFERS("throws on invalid concurrency argument", calls_wait_without_permits,
          "without permits, calls wait for avow_limiter_resize()"),
  SAME("change concurrency to smaller value", fewer_permits_limit_later_calls),
  SAME("change concurrency to bigger value",
       more_permits_start_waiting_calls_at_once),
  SAME("limitFunction()", five_permits_run_at_most_five_calls),
};

SUITE(p_limit) {
  return RUN_NPM("p-limit 7.3.1", cases, NULL);
}
