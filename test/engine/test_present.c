/* SPDX-License-Identifier: MIT */
/*
 * Time limits, and sleeps beside them, when the loop is late. Limits count from
 * the present time, and sleeps from the loop's cached time. Here the test
 * controls the clock that avow reads. It shows the cached time, plus the time
 * for which a handler has worked.
 */
#include "harness.h"

enum { MS = 1000000 };

/* In ms. The cached time counts if it is later. */
static uint64_t present;

uint64_t __wrap_uv_hrtime(void);
uint64_t __wrap_uv_hrtime(void) {
  return present * MS;
}

static void work_for(uint64_t ms) {
  present = uv_now(loop) + ms;
}

static int late_setup(void **state) {
  present = 0;
  return harness_setup(state);
}

static void note_three(avow_promise_t *p, char *a, char *b, char *c) {
  p = avow_then(avow_then(p, note_cb, NULL, a), note_cb, NULL, b);
  avow_unref(avow_then(p, note_cb, NULL, c));
}

/* Calls `fn` in a callback, so that all that it makes counts from one time. */
static void in_a_callback(avow_cb fn, void *data) {
  assert_fulfills_none(avow_then(avow_next_iteration(loop), fn, NULL, data));
}

static avow_value_t sleep_4_within_2(const avow_value_t *arg, void *data) {
  avow_promise_t **p = data;
  *p = avow_timeout(avow_sleep(loop, 4), 2);
  note_three(avow_sleep(loop, 3), "a1", "a2", "a3");
  return avow_none();
}

static void timeout_precedes_a_sleep_that_is_due_later(void **state) {
  avow_promise_t *p;
  in_a_callback(sleep_4_within_2, &p);

  uv_sleep(6);

  assert_rejects(p, UV_ETIMEDOUT);
  run();
  assert_notes("a1 a2 a3");
}

static avow_value_t note_code(const avow_value_t *arg, void *data) {
  note(avow_err_name(avow_error_code(arg)));
  return avow_none();
}

static avow_value_t limits_and_sleeps(const avow_value_t *arg, void *data) {
  avow_deferred_t **ds = data;
  avow_promise_t *p = avow_timeout(avow_promise_new(loop, &ds[0]), 2);
  avow_unref(avow_then(avow_sleep(loop, 2), note_cb, NULL, "younger"));
  avow_unref(avow_then(avow_sleep(loop, 1), note_cb, NULL, "earlier"));
  avow_unref(avow_catch(p, note_code, NULL));
  p = avow_timeout(avow_promise_new(loop, &ds[1]), 3);
  avow_unref(avow_catch(p, note_code, NULL));
  return avow_none();
}

static void timeouts_and_sleeps_keep_their_order(void **state) {
  avow_deferred_t *ds[2];
  in_a_callback(limits_and_sleeps, ds);

  uv_sleep(5);
  run();

  assert_notes("earlier ETIMEDOUT younger ETIMEDOUT");
  avow_deferred_drop(ds[0]);
  avow_deferred_drop(ds[1]);
}

/* A model. A wait that ends must be the earliest of all pending waits, by
   deadline and then by age. No wait ends while jobs of another one are queued.
   Sleeps and limits of any length start others, stop others and stall the
   loop. */

enum { WAITS = 1000, LENGTHS = 20 };

typedef struct {
  avow_promise_t *p;
  avow_deferred_t *d; /* of the promise that a limit limits */
  uint64_t deadline;
  bool over;
} wait_t;

static struct {
  wait_t waits[WAITS];
  unsigned begun, ended;
  const wait_t *running; /* its jobs are not over */
  uint64_t seed;
} model;

/* xorshift64*, with the same numbers in each run. */
static unsigned random_below(unsigned limit) {
  model.seed ^= model.seed >> 12;
  model.seed ^= model.seed << 25;
  model.seed ^= model.seed >> 27;
  return (unsigned) (model.seed * UINT64_C(2685821657736338717) >> 33) % limit;
}

static void assert_earliest(const wait_t *wait) {
  for (unsigned i = 0; i < model.begun; i++) {
    const wait_t *other = &model.waits[i];
    if (!other->over && other < wait)
      assert_true(other->deadline > wait->deadline);
    if (!other->over && other > wait)
      assert_true(other->deadline >= wait->deadline);
  }
}

static void begin_one(void);

static void stop_one(void) {
  wait_t *wait = &model.waits[random_below(model.begun)];
  if (wait->over)
    return;
  wait->over = true;
  model.ended++;
  avow_cancel(wait->p);
}

static avow_value_t end_cb(const avow_value_t *arg, void *data) {
  wait_t *wait = data;
  if (wait->over) /* stopped before */
    return avow_none();
  assert_null(model.running);
  assert_earliest(wait);
  model.running = wait;
  wait->over = true;
  model.ended++;
  begin_one();
  begin_one();
  if (random_below(3) == 0)
    stop_one();
  if (random_below(30) == 0)
    uv_sleep(random_below(LENGTHS));
  return avow_follow(avow_promise_resolve(loop, avow_none()));
}

static avow_value_t last_job_cb(const avow_value_t *arg, void *data) {
  if (model.running == data)
    model.running = NULL;
  return avow_none();
}

static void begin_one(void) {
  if (model.begun == WAITS)
    return;
  wait_t *wait = &model.waits[model.begun++];
  const unsigned ms = random_below(LENGTHS);
  if (random_below(3) == 0)
    wait->p = avow_timeout(avow_promise_new(loop, &wait->d), ms);
  else
    wait->p = avow_sleep(loop, ms);
  wait->deadline = uv_now(loop) + ms;
  wait->p = avow_then(wait->p, end_cb, end_cb, wait);
  wait->p = avow_then(wait->p, last_job_cb, NULL, wait);
}

static avow_value_t begin_ten(const avow_value_t *arg, void *data) {
  for (int i = 0; i < 10; i++)
    begin_one();
  return avow_none();
}

static void late_timeouts_and_sleeps_match_the_model(void **state) {
  memset(&model, 0, sizeof(model));
  model.seed = 5;
  in_a_callback(begin_ten, NULL);

  uv_sleep(LENGTHS);
  run();

  assert_int_equal(model.begun, WAITS);
  assert_int_equal(model.ended, WAITS);
  for (int i = 0; i < WAITS; i++) {
    avow_unref(model.waits[i].p);
    if (model.waits[i].d != NULL)
      avow_deferred_drop(model.waits[i].d);
  }
}

/* A handler works for 4 ms and then sets limits. The sleep counts from the time
   before that. */

static avow_value_t work_then_limit(const avow_value_t *arg, void *data) {
  work_for(4);
  return avow_follow(avow_timeout(avow_sleep(loop, 3), 2));
}

static void timeout_counts_from_the_current_time(void **state) {
  in_a_callback(work_then_limit, NULL);
}

static avow_value_t work_then_deadline(const avow_value_t *arg, void *data) {
  work_for(4);
  const uint64_t by = avow_now(loop) + 2;
  assert_true(by == uv_now(loop) + 4 + 2);
  return avow_follow(avow_deadline(avow_sleep(loop, 3), by));
}

static void deadline_counts_from_the_current_time(void **state) {
  in_a_callback(work_then_deadline, NULL);
}

static avow_value_t work_past_a_deadline(const avow_value_t *arg, void *data) {
  avow_deferred_t **d = data;
  avow_promise_t *p = avow_promise_new(loop, d);
  avow_on_cancel(*d, note_free, "stopped");
  const uint64_t by = avow_now(loop) + 3;
  work_for(4);
  p = avow_deadline(p, by);
  assert_notes("stopped");
  return avow_follow(p);
}

static void deadline_can_pass_within_a_handler(void **state) {
  avow_deferred_t *d;
  assert_rejects(avow_then(avow_next_iteration(loop), work_past_a_deadline,
                           NULL, &d),
                 UV_ETIMEDOUT);
  avow_deferred_drop(d);
}

static avow_value_t sleep_for_3(void *data) {
  return avow_follow(avow_sleep(loop, 3));
}

static avow_value_t work_then_retry(const avow_value_t *arg, void *data) {
  const avow_retry_options_t options = { .attempts = 1, .timeout = 2 };
  work_for(4);
  return avow_follow(avow_retry(loop, sleep_for_3, NULL, &options));
}

static void retry_timeout_counts_from_the_current_time(void **state) {
  in_a_callback(work_then_retry, NULL);
}

static avow_value_t work_then_sleep(const avow_value_t *arg, void *data) {
  avow_unref(avow_then(avow_sleep(loop, 3), note_cb, NULL, "made in time"));
  work_for(4);
  avow_unref(avow_then(avow_sleep(loop, 2), note_cb, NULL, "made late"));
  present = 0;
  return avow_none();
}

static void sleep_counts_from_the_cached_time(void **state) {
  in_a_callback(work_then_sleep, NULL);
  run();

  assert_notes("made late made in time");
}

static void sleep_outside_callbacks_counts_from_the_current_time(void **state) {
  avow_unref(avow_then(avow_sleep(loop, 3), note_cb, NULL, "made in time"));
  work_for(4);
  avow_unref(avow_then(avow_sleep(loop, 2), note_cb, NULL, "made late"));
  present = 0;
  run();

  assert_notes("made in time made late");
}

/* Tokens are added and values expire by the clock. */

static avow_value_t one_cb(const avow_value_t *key, void *runs) {
  ++*(int *) runs;
  return avow_int(1);
}

static void rates_and_caches_use_the_current_time(void **state) {
  int runs = 0;
  const avow_cache_options_t kept = { .ttl = 3 };
  avow_rate_t *rate = avow_rate_new(loop, 1, 4, NULL);
  avow_cache_t *cache = avow_cache_new(loop, one_cb, &runs, NULL, &kept);
  assert_fulfills_int(avow_cache_get(cache, avow_int(1)), 1);
  work_for(0);
  assert_true(avow_rate_try(rate, 1));
  assert_false(avow_rate_try(rate, 1));

  work_for(4);

  assert_true(avow_rate_try(rate, 1));
  assert_int_equal(avow_cache_kept(cache), 0);
  avow_cache_unref(cache);
  avow_rate_unref(rate);
}

#define LATE(f) cmocka_unit_test_setup_teardown(f, late_setup, harness_teardown)

SUITE(present) {
  const struct CMUnitTest tests[] = {
    LATE(timeout_precedes_a_sleep_that_is_due_later),
    LATE(timeouts_and_sleeps_keep_their_order),
    LATE(late_timeouts_and_sleeps_match_the_model),
    LATE(timeout_counts_from_the_current_time),
    LATE(deadline_counts_from_the_current_time),
    LATE(deadline_can_pass_within_a_handler),
    LATE(retry_timeout_counts_from_the_current_time),
    LATE(sleep_counts_from_the_cached_time),
    LATE(sleep_outside_callbacks_counts_from_the_current_time),
    LATE(rates_and_caches_use_the_current_time),
  };
  return RUN(tests);
}
