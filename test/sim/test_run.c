/* SPDX-License-Identifier: MIT */
/* Runs of small programs in the simulator: time, random choices and the
   loop. */
#include "avow/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "avow/all.h"
#include "runs.h"
#include "suite.h"

enum { HOUR = 60 * 60 * 1000, SEEDS = 200 };

/* Time. */

static avow_promise_t *sleeper(uv_loop_t *loop, void *data) {
  return avow_sleep(loop, HOUR);
}

static void virtual_hour_passes_without_waiting(void **state) {
  const avow_sim_result_t result = assert_passes(1, sleeper, NULL);

  assert_int_equal(result.ms, HOUR);
}

static avow_promise_t *watcher_of_the_clock(uv_loop_t *loop, void *data) {
  const uint64_t until = uv_hrtime() + 1000 * 1000;
  while (uv_hrtime() < until)
    ;
  return avow_promise_resolve(loop, avow_none());
}

static void clock_advances_while_a_program_reads_it(void **state) {
  const avow_sim_result_t result = assert_passes(1, watcher_of_the_clock, NULL);

  assert_in_range(result.ms, 1, 2);
}

/* Random choices. */

static char order[8];

static avow_value_t add_letter(const avow_value_t *arg, void *data) {
  (void) strncat(order, data, sizeof(order) - strlen(order) - 1);
  return avow_none();
}

static avow_value_t nothing_to_do(void *data) {
  return avow_none();
}

static avow_promise_t *rivals(uv_loop_t *loop, void *data) {
  static char letters[][2] = { "a", "b", "c" };
  avow_promise_t *all[3];
  order[0] = '\0';
  for (int i = 0; i < 3; i++)
    all[i] = avow_then(avow_work(loop, nothing_to_do, NULL, NULL), add_letter,
                       NULL, letters[i]);
  return avow_all(loop, all, 3);
}

static void work_ends_in_every_order_among_seeds(void **state) {
  char seen[6][8] = { "" };
  int n = 0;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    (void) assert_passes(seed, rivals, NULL);
    int i = 0;
    while (i < n && strcmp(seen[i], order) != 0)
      i++;
    if (i == n)
      strcpy(seen[n++], order);
  }

  assert_int_equal(n, 6);
}

static void each_seed_has_one_history(void **state) {
  int alike = 0;
  const avow_sim_result_t first = assert_passes(0, rivals, NULL);

  assert_true(assert_passes(0, rivals, NULL).hash == first.hash);
  for (uint64_t seed = 1; seed < SEEDS; seed++)
    alike += assert_passes(seed, rivals, NULL).hash == first.hash;

  assert_int_equal(alike, 0);
  assert_int_not_equal(first.events, 0);
  assert_int_not_equal(first.choices, 0);
}

static avow_value_t mix(const avow_value_t *arg, void *data) {
  avow_sim_note("%d after %d", (int) *(intptr_t *) data, 1);
  return avow_int(1);
}

/* A mixture of sleeps, time limits, work and random bytes. */
static avow_promise_t *medley(uv_loop_t *loop, void *data) {
  static intptr_t numbers[30];
  avow_promise_t *all[30];
  for (int i = 0; i < 30; i++) {
    numbers[i] = i;
    all[i] = i % 3 == 0   ? avow_sleep(loop, avow_sim_choose(100))
             : i % 3 == 1 ? avow_work(loop, nothing_to_do, NULL, NULL)
                          : avow_random(loop, 8);
    all[i] = avow_then(avow_timeout(all[i], 20), mix, mix, &numbers[i]);
  }
  return avow_all(loop, all, 30);
}

/* The numbers are the same for each compiler, with and without optimization,
   and for 32 bits. A change to what a seed means must update them. */
static void history_is_the_same_on_each_machine(void **state) {
  uint64_t hashes = 0;
  uint64_t choices = 0;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    const avow_sim_result_t result = assert_passes(seed, medley, NULL);
    hashes = hashes * 31 + result.hash;
    choices += result.choices;
  }

  assert_int_equal(choices, 9633);
  assert_true(hashes == UINT64_C(0x3b1c4f5f24960c7));
}

static uv_timer_t timer;
static uv_prepare_t prepare;
static avow_deferred_t *both;

static void on_phase(uv_handle_t *handle) {
  (void) strcat(order, handle->type == UV_TIMER ? "t" : "p");
  uv_close(handle, NULL);
  if (strlen(order) == 2)
    (void) avow_resolve(both, avow_none()); /* true: it is pending */
}

static void on_timer(uv_timer_t *handle) {
  on_phase((uv_handle_t *) handle);
}

static void on_prepare(uv_prepare_t *handle) {
  on_phase((uv_handle_t *) handle);
}

static avow_promise_t *phases(uv_loop_t *loop, void *data) {
  order[0] = '\0';
  assert_int_equal(uv_timer_init(loop, &timer), 0);
  assert_int_equal(uv_timer_start(&timer, on_timer, 0, 0), 0);
  assert_int_equal(uv_prepare_init(loop, &prepare), 0);
  assert_int_equal(uv_prepare_start(&prepare, on_prepare), 0);
  return avow_promise_new(loop, &both);
}

static void timers_run_first_or_last_in_an_iteration(void **state) {
  int first = 0;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    (void) assert_passes(seed, phases, NULL);
    first += order[0] == 't';
  }

  assert_in_range(first, SEEDS / 4, SEEDS * 3 / 4);
}

enum { MOST = 100 };

static int rung;
static int turns;

static void ring_again(uv_timer_t *handle) {
  if (++rung < MOST && turns < 3) {
    (void) uv_timer_start(handle, ring_again, 0, 0); /* cannot fail */
    return;
  }
  uv_close((uv_handle_t *) handle, NULL);
  uv_close((uv_handle_t *) &prepare, NULL);
  (void) avow_resolve(both, avow_none()); /* true: it is pending */
}

static void count_turn(uv_prepare_t *handle) {
  turns++;
}

static avow_promise_t *alarms(uv_loop_t *loop, void *data) {
  rung = turns = 0;
  assert_int_equal(uv_timer_init(loop, &timer), 0);
  assert_int_equal(uv_timer_start(&timer, ring_again, 0, 0), 0);
  assert_int_equal(uv_prepare_init(loop, &prepare), 0);
  assert_int_equal(uv_prepare_start(&prepare, count_turn), 0);
  return avow_promise_new(loop, &both);
}

static void restarted_timer_waits_for_the_next_iteration(void **state) {
  for (uint64_t seed = 0; seed < 10; seed++) {
    (void) assert_passes(seed, alarms, NULL);
    assert_int_equal(turns, 3);
  }
}

static avow_promise_t *sleeps_beside_a_waiter(uv_loop_t *loop, void *data) {
  static uv_async_t async;
  assert_int_equal(uv_async_init(loop, &async, NULL), 0);
  return avow_sleep(loop, 0);
}

static void run_ends_while_an_async_handle_is_open(void **state) {
  for (uint64_t seed = 0; seed < 10; seed++)
    assert_string_equal(run_once(seed, sleeps_beside_a_waiter, NULL).why,
                        "a handle was left open: async");
}

static avow_value_t note_bytes(const avow_value_t *arg, void *data) {
  size_t len;
  memcpy(data, avow_to_bytes(arg, &len), 16);
  return avow_none();
}

static avow_promise_t *gambler(uv_loop_t *loop, void *data) {
  return avow_then(avow_random(loop, 16), note_bytes, NULL, data);
}

static void seed_determines_random_bytes(void **state) {
  char bytes[3][16];
  (void) assert_passes(1, gambler, bytes[0]);
  (void) assert_passes(1, gambler, bytes[1]);
  (void) assert_passes(2, gambler, bytes[2]);

  assert_memory_equal(bytes[0], bytes[1], 16);
  assert_memory_not_equal(bytes[0], bytes[2], 16);
}

static avow_promise_t *chooser(uv_loop_t *loop, void *data) {
  *(uint64_t *) data = avow_sim_choose(1000);
  avow_sim_note("chose %d", (int) *(uint64_t *) data);
  return avow_promise_resolve(loop, avow_none());
}

static void program_may_make_its_own_choices(void **state) {
  uint64_t chosen[2];

  const avow_sim_result_t result = assert_passes(1, chooser, &chosen[0]);
  (void) assert_passes(2, chooser, &chosen[1]);

  assert_int_equal(result.events, 1);
  assert_int_equal(result.choices, 2); /* one choice was the loop's */
  assert_int_not_equal(chosen[0], chosen[1]);
  assert_int_equal(avow_sim_choose(1000), 0);
}

/* Behavior that is the same as with libuv. */

static avow_promise_t *canceler(uv_loop_t *loop, void *data) {
  avow_promise_t *work[6];
  for (int i = 0; i < 6; i++)
    work[i] = avow_work(loop, nothing_to_do, NULL, NULL);
  for (int i = 0; i < 6; i++)
    avow_cancel(work[i]);
  return avow_all_settled(loop, work, 6);
}

static void queued_work_may_be_canceled(void **state) {
  for (uint64_t seed = 0; seed < SEEDS; seed++)
    (void) assert_passes(seed, canceler, NULL);
}

enum { REQUESTS = 6 };

static uv_work_t requests[REQUESTS];
static int canceled, told; /* of the canceled requests */

static void work_nothing(uv_work_t *request) {
}

static void hear_of_work(uv_work_t *request, int status) {
  told += status == UV_ECANCELED;
}

static avow_promise_t *cancels_requests(uv_loop_t *loop, void *data) {
  canceled = told = 0;
  for (int i = 0; i < REQUESTS; i++)
    (void) uv_queue_work(loop, &requests[i], work_nothing, hear_of_work);
  for (int i = 0; i < REQUESTS; i++)
    canceled += uv_cancel((uv_req_t *) &requests[i]) == 0;
  return avow_sleep(loop, 1000);
}

static void canceled_work_calls_its_callback(void **state) {
  (void) assert_passes(1, cancels_requests, NULL);

  assert_int_equal(canceled, REQUESTS);
  assert_int_equal(told, REQUESTS);
}

static avow_value_t remember(const avow_value_t *arg, void *data) {
  *(int64_t *) data = avow_to_int(arg);
  return avow_none();
}

static avow_promise_t *remote_one(uv_loop_t *loop, void *data) {
  avow_remote_t *remote;
  avow_promise_t *p = avow_remote_new(loop, &remote);
  (void) avow_remote_resolve(remote, avow_int(7));
  return avow_then(p, remember, NULL, data);
}

static void remote_settles_on_its_own_thread(void **state) {
  int64_t heard = 0;

  (void) assert_passes(1, remote_one, &heard);

  assert_int_equal(heard, 7);
}

static avow_promise_t *within(uv_loop_t *loop, void *data) {
  assert_true(run_once(1, sleeper, NULL).failed);
  return avow_promise_resolve(loop, avow_none());
}

static void nested_run_fails_and_the_outer_run_continues(void **state) {
  const avow_sim_options_t newer = { .reserved[1] = 1 };

  (void) assert_passes(1, within, NULL);

  assert_true(avow_sim(1, sleeper, NULL, &newer).failed);
  assert_true(avow_sim(1, NULL, NULL, NULL).failed);
}

SUITE(run) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(virtual_hour_passes_without_waiting),
    cmocka_unit_test(clock_advances_while_a_program_reads_it),
    cmocka_unit_test(work_ends_in_every_order_among_seeds),
    cmocka_unit_test(each_seed_has_one_history),
    cmocka_unit_test(history_is_the_same_on_each_machine),
    cmocka_unit_test(timers_run_first_or_last_in_an_iteration),
    cmocka_unit_test(restarted_timer_waits_for_the_next_iteration),
    cmocka_unit_test(run_ends_while_an_async_handle_is_open),
    cmocka_unit_test(seed_determines_random_bytes),
    cmocka_unit_test(program_may_make_its_own_choices),
    cmocka_unit_test(queued_work_may_be_canceled),
    cmocka_unit_test(canceled_work_calls_its_callback),
    cmocka_unit_test(remote_settles_on_its_own_thread),
    cmocka_unit_test(nested_run_fails_and_the_outer_run_continues),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
