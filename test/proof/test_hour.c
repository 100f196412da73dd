/* SPDX-License-Identifier: MIT */
/*
 * Hours of a virtual clock: each function that depends on time is exact to the
 * millisecond.
 */
#include "disk.h"
#include "tools/backoff.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

static int by_hand(void **state) {
  const int err = disk_setup(state);
  use_clock(AVOW_CLOCK_BY_HAND);
  return err;
}

static int by_itself(void **state) {
  const int err = disk_setup(state);
  use_clock(AVOW_CLOCK_BY_ITSELF);
  return err;
}

/* Times of the events. */
static struct {
  uint64_t at[4000];
  size_t n;
} times;

static void note_the_time(void) {
  assert_true(times.n < sizeof(times.at) / sizeof(times.at[0]));
  times.at[times.n++] = avow_now(loop);
}

static void assert_time_is(uint64_t expected) {
  assert_int_equal(avow_now(loop), expected);
}

/* Retries. */

static avow_value_t fail_now(void *data) {
  note_the_time();
  return avow_error(UV_EIO);
}

/* A seed determines the delays, which double up to a minute. */
static void seed_determines_the_times_of_retries(void **state) {
  const avow_retry_options_t options = { .attempts = 100,
                                         .delay = SECOND,
                                         .max_delay = MINUTE,
                                         .seed = 7 };
  times.n = 0;

  assert_rejects(avow_retry(loop, fail_now, NULL, &options), UV_EIO);

  uint64_t expected = 0, random = 7;
  assert_int_equal(times.n, 100);
  for (unsigned i = 0; i < 100; i++) {
    assert_int_equal(times.at[i], expected);
    const uint64_t most = avow__backoff(SECOND, MINUTE, i + 1);
    expected += avow__jitter(most, &random);
  }
  assert_true(avow_now(loop) > HOUR / 2);
}

static void retries_end_at_their_total_timeout(void **state) {
  const avow_retry_options_t options = { .attempts = UINT32_MAX,
                                         .delay = SECOND,
                                         .timeout = HOUR,
                                         .seed = 7 };
  times.n = 0;

  assert_rejects(avow_retry(loop, fail_now, NULL, &options), UV_ETIMEDOUT);

  assert_time_is(HOUR);
  assert_true(times.n > 100);
}

/* Channels. */

static avow_value_t take_tick(const avow_value_t *item, void *data) {
  assert_int_equal(avow_to_int(item), 1);
  note_the_time();
  return times.n < HOUR / SECOND ? avow_none() : avow_int(0);
}

static avow_value_t next_tick(void *channel) {
  avow_promise_t *p = avow_channel_next(channel);
  return avow_follow(avow_then(p, take_tick, NULL, NULL));
}

static void ticks_arrive_each_second(void **state) {
  avow_channel_t *ticks = avow_ticks(loop, SECOND);
  times.n = 0;

  assert_fulfills_int(avow_repeat(loop, next_tick, ticks), 0);

  for (size_t i = 0; i < HOUR / SECOND; i++)
    assert_int_equal(times.at[i], (i + 1) * SECOND);
  avow_channel_unref(ticks);
}

static void missed_ticks_are_counted(void **state) {
  avow_channel_t *ticks = avow_ticks(loop, SECOND);

  advance(HOUR + SECOND / 2);

  assert_fulfills_int(avow_channel_next(ticks), HOUR / SECOND);
  note_time_of(avow_channel_next(ticks), "next");
  advance(HOUR);
  assert_notes("next@3601000");
  avow_channel_unref(ticks);
}

static avow_value_t send_item(const avow_value_t *arg, void *channel) {
  return avow_follow(avow_channel_send(channel, avow_int(7)));
}

static void debounce_time_starts_at_the_last_item(void **state) {
  avow_channel_t *from = avow_channel_new(loop, 0);
  avow_channel_t *to =
      avow_channel_debounce(avow_channel_ref(from), MINUTE, AVOW_EDGE_TRAILING);
  for (uint64_t i = 0; i < 100; i++) {
    avow_promise_t *p = avow_sleep(loop, i * (MINUTE - 1));
    avow_unref(avow_then(p, send_item, NULL, from));
  }

  assert_fulfills_int(avow_channel_next(to), 7);

  assert_time_is(99 * (MINUTE - 1) + MINUTE);
  avow_channel_unref(to);
  avow_channel_unref(from);
}

/* Order: timers that are due together run in the order in which they were
   set. */
static void timers_due_together_run_in_order_of_creation(void **state) {
  avow_channel_t *first = avow_ticks(loop, SECOND);
  avow_channel_t *second = avow_ticks(loop, SECOND / 2);
  note_time_of(avow_channel_next(first), "first");
  note_time_of(avow_sleep(loop, SECOND), "sleep");
  note_time_of(avow_channel_next(second), "second");
  note_time_of(avow_timeout(avow_sleep(loop, HOUR), SECOND), "limit");

  advance(SECOND);

  assert_notes("second@500 first@1000 sleep@1000 limit@1000");
  avow_channel_unref(first);
  avow_channel_unref(second);
}

static avow_value_t next_of(void *channel) {
  return avow_follow(avow_channel_next(channel));
}

/* Each channel's alarm rings before those that were set earlier for later
   times. */
static void ticks_arrive_in_the_order_of_time(void **state) {
  static char *const words[] = { "a", "b", "c", "d" };
  static const uint64_t ms[] = { 4 * SECOND, SECOND, 3 * SECOND, 2 * SECOND };
  avow_channel_t *ticks[4];
  for (int i = 0; i < 4; i++) {
    ticks[i] = avow_ticks(loop, ms[i]);
    note_time_of(avow_try(loop, next_of, ticks[i]), words[i]);
  }

  advance(HOUR);

  assert_notes("b@1000 d@2000 c@3000 a@4000");
  for (int i = 0; i < 4; i++)
    avow_channel_unref(ticks[i]);
}

/* Timeouts. */

static void drop_deferred(void *d) {
  avow_deferred_drop(d);
}

static avow_promise_t *endless(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  return avow_attach(p, d, drop_deferred);
}

static void shortest_of_nested_timeouts_applies(void **state) {
  avow_promise_t *p = avow_timeout(endless(), 3 * MINUTE);
  p = avow_deadline(avow_timeout(p, 2 * MINUTE), MINUTE);
  p = avow_timeout(avow_shield(p), HOUR);

  assert_rejects(p, UV_ETIMEDOUT);

  assert_time_is(MINUTE);
}

static avow_value_t sleep_a_minute(size_t i, void *data) {
  return avow_follow(avow_sleep(loop, MINUTE));
}

static void concurrency_two_halves_the_total_time(void **state) {
  const avow_map_options_t options = { .concurrency = 2 };

  avow_value_unref(
      avow_run(avow_map(loop, 10, sleep_a_minute, NULL, &options)));

  assert_time_is(5 * MINUTE);
}

static avow_value_t sleep_a_second(void *data) {
  return avow_follow(avow_sleep(loop, SECOND));
}

static void limiter_returns_permits_on_time(void **state) {
  avow_limiter_t *limiter = avow_limiter_new(loop, 3);
  avow_promise_t *all[10];
  for (int i = 0; i < 10; i++)
    all[i] = avow_limiter_run(limiter, sleep_a_second, NULL);

  avow_value_unref(avow_run(avow_all(loop, all, 10)));

  assert_time_is(4 * SECOND);
  avow_limiter_unref(limiter);
}

/* Events from outside the loop. */

static avow_value_t change_file(const avow_value_t *arg, void *data) {
  make_file("file", "changed");
  return avow_none();
}

static void file_polls_occur_at_exact_times(void **state) {
  make_file("file", "");
  avow_channel_t *polls = avow_fs_polls(loop, at("file"), 10 * SECOND);
  avow_promise_t *p = avow_channel_next(polls);
  avow_unref(avow_then(avow_sleep(loop, MINUTE + 1), change_file, NULL, NULL));

  avow_value_unref(avow_run(p));

  assert_time_is(MINUTE + 10 * SECOND);
  avow_channel_close(polls);
  avow_channel_unref(polls);
}

#ifndef _WIN32
/* A clock that advances by itself would wait for the process. */
static void command_ends_at_its_timeout(void **state) {
  const char *const args[] = { "sleep", "1000", NULL };
  const avow_command_t command = { .args = args, .timeout = HOUR };
  avow_promise_t *p = avow_command(loop, &command, avow_none());
  advance(HOUR - 1);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  advance(1);

  assert_rejects(p, UV_ETIMEDOUT);
}

/* The process ignores SIGTERM. */
static void command_grace_uses_real_time(void **state) {
  static const char script[] = "trap '' TERM; : >ready; exec sleep 1000";
  const char *const args[] = { "sh", "-c", script, NULL };
  const avow_command_t command = { .args = args,
                                   .cwd = at(""),
                                   .timeout = HOUR,
                                   .grace = 10 };
  avow_promise_t *p = avow_command(loop, &command, avow_none());
  while (!is_there("ready"))
    uv_sleep(1);

  advance(HOUR);

  assert_rejects(p, UV_ETIMEDOUT);
  assert_time_is(HOUR);
}
#endif

#define BY_HAND(f) cmocka_unit_test_setup_teardown(f, by_hand, disk_teardown)
#define BY_ITSELF(f) \
  cmocka_unit_test_setup_teardown(f, by_itself, disk_teardown)

SUITE(hour) {
  const struct CMUnitTest tests[] = {
    BY_ITSELF(seed_determines_the_times_of_retries),
    BY_ITSELF(retries_end_at_their_total_timeout),
    BY_ITSELF(ticks_arrive_each_second),
    BY_ITSELF(missed_ticks_are_counted),
    BY_HAND(missed_ticks_are_counted),
    BY_ITSELF(debounce_time_starts_at_the_last_item),
    BY_ITSELF(timers_due_together_run_in_order_of_creation),
    BY_HAND(timers_due_together_run_in_order_of_creation),
    BY_HAND(ticks_arrive_in_the_order_of_time),
    BY_ITSELF(shortest_of_nested_timeouts_applies),
    BY_ITSELF(concurrency_two_halves_the_total_time),
    BY_ITSELF(limiter_returns_permits_on_time),
    BY_ITSELF(file_polls_occur_at_exact_times),
#ifndef _WIN32
    BY_HAND(command_ends_at_its_timeout),
    BY_HAND(command_grace_uses_real_time),
#endif
  };
  disk_init();
  return RUN(tests);
}
