/* Runs of small programs in the simulator: time, chance, and what fails one. */
#include "avow/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "avow.h"

enum { HOUR = 60 * 60 * 1000, SEEDS = 200 };

static avow_sim_result_t run(uint64_t seed, avow_sim_fn program, void *data) {
  return avow_sim(seed, program, data, NULL);
}

static void assert_fails(avow_sim_fn program, const char *why) {
  const avow_sim_result_t result = run(1, program, NULL);
  if (strstr(result.why, why) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", result.why, why);
  assert_true(result.failed);
  assert_string_equal(run(1, program, NULL).why, result.why);
}

static avow_sim_result_t assert_passes(uint64_t seed, avow_sim_fn program,
                                       void *data) {
  const avow_sim_result_t result = run(seed, program, data);
  assert_string_equal(result.why, "");
  assert_false(result.failed);
  return result;
}

/* Time. */

static avow_promise_t *sleeper(uv_loop_t *loop, void *data) {
  return avow_sleep(loop, HOUR);
}

static void hour_takes_no_time(void **state) {
  const avow_sim_result_t result = assert_passes(1, sleeper, NULL);

  assert_int_equal(result.ms, HOUR);
}

static avow_promise_t *watcher_of_the_clock(uv_loop_t *loop, void *data) {
  const uint64_t until = uv_hrtime() + 1000 * 1000;
  while (uv_hrtime() < until)
    ;
  return avow_promise_resolve(loop, avow_none());
}

static void clock_moves_for_who_does_nothing_but_look_at_it(void **state) {
  const avow_sim_result_t result = assert_passes(1, watcher_of_the_clock, NULL);

  assert_in_range(result.ms, 1, 2);
}

/* Chance. */

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

static void seeds_have_work_end_in_each_order(void **state) {
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

static void seed_is_one_history_each_time(void **state) {
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

/* A little of each: sleeps, limits of time, work and bytes. */
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

/* The numbers are the same for each compiler, with and without optimising, and
   for 32 bits: whoever changes what a seed means writes them anew. */
static void history_is_the_same_on_each_machine(void **state) {
  uint64_t hashes = 0;
  uint64_t choices = 0;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    const avow_sim_result_t result = assert_passes(seed, medley, NULL);
    hashes = hashes * 31 + result.hash;
    choices += result.choices;
  }

  assert_int_equal(choices, 9633);
  assert_true(hashes == UINT64_C(0xcde0308689421d40));
}

static uv_timer_t timer;
static uv_prepare_t prepare;
static avow_deferred_t *both;

static void on_phase(uv_handle_t *handle) {
  (void) strcat(order, handle->type == UV_TIMER ? "t" : "p");
  uv_close(handle, NULL);
  if (strlen(order) == 2)
    (void) avow_resolve(both, avow_none()); /* it is pending */
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

static void timers_are_first_in_a_turn_or_last(void **state) {
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
    (void) uv_timer_start(handle, ring_again, 0, 0); /* it has a callback */
    return;
  }
  uv_close((uv_handle_t *) handle, NULL);
  uv_close((uv_handle_t *) &prepare, NULL);
  (void) avow_resolve(both, avow_none()); /* it is pending */
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

static void timer_that_begins_anew_waits_for_the_next_turn(void **state) {
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

static void end_is_noticed_while_others_wait(void **state) {
  for (uint64_t seed = 0; seed < 10; seed++)
    assert_string_equal(run(seed, sleeps_beside_a_waiter, NULL).why,
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

static void random_bytes_are_of_the_seed(void **state) {
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

static void program_has_chances_of_its_own(void **state) {
  uint64_t chosen[2];

  const avow_sim_result_t result = assert_passes(1, chooser, &chosen[0]);
  (void) assert_passes(2, chooser, &chosen[1]);

  assert_int_equal(result.events, 1);
  assert_int_equal(result.choices, 2); /* one was the loop's */
  assert_int_not_equal(chosen[0], chosen[1]);
  assert_int_equal(avow_sim_choose(1000), 0);
}

/* What cannot be told from libuv. */

static avow_promise_t *canceller(uv_loop_t *loop, void *data) {
  avow_promise_t *work[6];
  for (int i = 0; i < 6; i++)
    work[i] = avow_work(loop, nothing_to_do, NULL, NULL);
  for (int i = 0; i < 6; i++)
    avow_cancel(work[i]);
  return avow_all_settled(loop, work, 6);
}

static void work_is_cancelled_before_it_begins(void **state) {
  for (uint64_t seed = 0; seed < SEEDS; seed++)
    (void) assert_passes(seed, canceller, NULL);
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

static void remote_is_heard_on_its_own_thread(void **state) {
  int64_t heard = 0;

  (void) assert_passes(1, remote_one, &heard);

  assert_int_equal(heard, 7);
}

/* What fails a run. */

static avow_promise_t *rejecter(uv_loop_t *loop, void *data) {
  return avow_promise_reject(loop, avow_error(UV_EPIPE));
}

static void rejected_program_fails(void **state) {
  assert_fails(rejecter, "the program's promise rejected: broken pipe");
}

static avow_promise_t *deserter(uv_loop_t *loop, void *data) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  *(avow_deferred_t **) data = d;
  return p;
}

static avow_deferred_t *held[2];
static int n_held;

static avow_promise_t *waiter(uv_loop_t *loop, void *data) {
  return deserter(loop, &held[n_held++]);
}

static avow_value_t put_down(void *data) {
  avow_deferred_drop(*(avow_deferred_t **) data);
  return avow_none();
}

static avow_promise_t *waits_for_nothing(uv_loop_t *loop, void *data) {
  static avow_deferred_t *d;
  return avow_finally(deserter(loop, &d), put_down, &d);
}

static void program_for_which_nothing_is_left_fails(void **state) {
  assert_fails(waits_for_nothing, "nothing is left to happen, and the program");
}

static void holder_of_a_deferred_fails(void **state) {
  assert_fails(waiter, "nothing is left to happen, and the program");

  while (n_held > 0)
    avow_deferred_drop(held[--n_held]);
}

static avow_remote_t *kept[2];
static int n_kept;

static avow_promise_t *waits_for_an_async(uv_loop_t *loop, void *data) {
  return avow_remote_new(loop, &kept[n_kept++]);
}

static void loop_that_waits_for_ever_fails(void **state) {
  assert_fails(waits_for_an_async, "nothing is left to happen, and the loop");

  while (n_kept > 0)
    avow_remote_drop(kept[--n_kept]);
}

static avow_promise_t *claims(uv_loop_t *loop, void *data) {
  avow_sim_check(true, "one is %d", 1);
  avow_sim_check(false, "two is %d", 3);
  avow_sim_check(false, "three is %d", 4);
  return avow_sleep(loop, HOUR);
}

static void check_that_does_not_hold_fails(void **state) {
  assert_fails(claims, "two is 3");
}

static avow_promise_t *says_nothing(uv_loop_t *loop, void *data) {
  const char *text = data;
  avow_sim_check(false, "%s", text);
  return avow_sleep(loop, HOUR);
}

static void check_that_says_nothing_fails_too(void **state) {
  static char nothing[] = "";
  const avow_sim_result_t result = avow_sim(0, says_nothing, nothing, NULL);
  assert_true(result.failed);
  assert_string_equal(result.why, "a check does not hold");
}

static avow_promise_t *leaver(uv_loop_t *loop, void *data) {
  (void) uv_timer_init(loop, &timer);
  return avow_promise_resolve(loop, avow_none());
}

static void handle_that_is_left_open_fails(void **state) {
  assert_fails(leaver, "a handle was left open: timer");
}

static avow_value_t left[2];
static int n_left;

static avow_promise_t *leaker(uv_loop_t *loop, void *data) {
  left[n_left++] = avow_string("long enough for a block of its own");
  return avow_promise_resolve(loop, avow_none());
}

static void value_that_nobody_frees_fails(void **state) {
  assert_fails(leaker, "1 blocks of memory were left");

  while (n_left > 0)
    avow_value_unref(left[--n_left]);
}

static avow_value_t misuse(const avow_value_t *arg, void *data) {
  uv_loop_t *loop = data;
  return avow_run(avow_sleep(loop, 1));
}

static avow_promise_t *misuser(uv_loop_t *loop, void *data) {
  return avow_then(avow_sleep(loop, 1), misuse, NULL, loop);
}

static void misuse_fails(void **state) {
  assert_fails(misuser, "avow_run() inside a callback");
}

static avow_value_t forget(const avow_value_t *arg, void *data) {
  avow_unref(avow_promise_reject(data, avow_error(UV_EPIPE)));
  return avow_none();
}

static avow_promise_t *forgetful(uv_loop_t *loop, void *data) {
  return avow_then(avow_sleep(loop, 1), forget, NULL, loop);
}

static void rejection_that_nobody_handles_fails(void **state) {
  assert_fails(forgetful, "a rejection that nobody handled: broken pipe");
}

static avow_promise_t *opens_udp(uv_loop_t *loop, void *data) {
  static uv_udp_t udp;
  assert_int_equal(uv_udp_init(loop, &udp), UV_ENOTSUP);
  return avow_promise_resolve(loop, avow_none());
}

static void what_is_not_simulated_fails(void **state) {
  assert_fails(opens_udp, "uv_udp_init() is not simulated");
}

static avow_promise_t *waits_for_a_thread(uv_loop_t *loop, void *data) {
  uv_sem_t sem;
  assert_int_equal(uv_sem_init(&sem, 1), 0);
  uv_sem_wait(&sem);
  uv_sem_wait(&sem);
  return NULL;
}

static void wait_for_another_thread_fails(void **state) {
  assert_fails(waits_for_a_thread, "uv_sem_wait() waits for another thread");
}

static avow_value_t again(void *data) {
  avow_sim_note("again");
  return avow_none();
}

static avow_value_t go_on(const avow_value_t *arg, void *data) {
  avow_sim_note("again");
  return avow_follow(avow_then(avow_sleep(data, 1), go_on, NULL, data));
}

static avow_promise_t *endless(uv_loop_t *loop, void *data) {
  return avow_then(avow_try(loop, again, NULL), go_on, NULL, loop);
}

static void endless_program_fails(void **state) {
  const avow_sim_options_t few = { .max_events = 100 };
  const avow_sim_options_t brief = { .max_ms = 100 };

  assert_string_equal(avow_sim(1, endless, NULL, &few).why,
                      "more than 100 events");
  assert_string_equal(avow_sim(1, endless, NULL, &brief).why,
                      "more than 100 ms");
}

static avow_promise_t *within(uv_loop_t *loop, void *data) {
  assert_true(run(1, sleeper, NULL).failed);
  return avow_promise_resolve(loop, avow_none());
}

static void run_within_a_run_fails_and_the_outer_goes_on(void **state) {
  const avow_sim_options_t newer = { .reserved[1] = 1 };

  (void) assert_passes(1, within, NULL);

  assert_true(avow_sim(1, sleeper, NULL, &newer).failed);
  assert_true(avow_sim(1, NULL, NULL, NULL).failed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(hour_takes_no_time),
    cmocka_unit_test(clock_moves_for_who_does_nothing_but_look_at_it),
    cmocka_unit_test(seeds_have_work_end_in_each_order),
    cmocka_unit_test(seed_is_one_history_each_time),
    cmocka_unit_test(history_is_the_same_on_each_machine),
    cmocka_unit_test(timers_are_first_in_a_turn_or_last),
    cmocka_unit_test(timer_that_begins_anew_waits_for_the_next_turn),
    cmocka_unit_test(end_is_noticed_while_others_wait),
    cmocka_unit_test(random_bytes_are_of_the_seed),
    cmocka_unit_test(program_has_chances_of_its_own),
    cmocka_unit_test(work_is_cancelled_before_it_begins),
    cmocka_unit_test(remote_is_heard_on_its_own_thread),
    cmocka_unit_test(rejected_program_fails),
    cmocka_unit_test(program_for_which_nothing_is_left_fails),
    cmocka_unit_test(holder_of_a_deferred_fails),
    cmocka_unit_test(loop_that_waits_for_ever_fails),
    cmocka_unit_test(check_that_does_not_hold_fails),
    cmocka_unit_test(check_that_says_nothing_fails_too),
    cmocka_unit_test(handle_that_is_left_open_fails),
    cmocka_unit_test(value_that_nobody_frees_fails),
    cmocka_unit_test(misuse_fails),
    cmocka_unit_test(rejection_that_nobody_handles_fails),
    cmocka_unit_test(what_is_not_simulated_fails),
    cmocka_unit_test(wait_for_another_thread_fails),
    cmocka_unit_test(endless_program_fails),
    cmocka_unit_test(run_within_a_run_fails_and_the_outer_goes_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
