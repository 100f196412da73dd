/* SPDX-License-Identifier: MIT */
/* Programs that run or wait forever, which the simulator detects. */
#include "avow/sim.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "avow/all.h"
#include "runs.h"
#include "sim/uv_locks.h"
#include "suite.h"

/* Jobs that never let time advance. */

static avow_value_t go_on(const avow_value_t *arg, void *data) {
  avow_promise_t *p = avow_promise_resolve(data, avow_none());
  return avow_follow(avow_then(p, go_on, NULL, data));
}

static avow_promise_t *spins(uv_loop_t *loop, void *data) {
  return avow_then(avow_sleep(loop, 1), go_on, NULL, loop);
}

static void program_that_spins_fails(void **state) {
  assert_fails(spins, "more than 1000000 jobs at the same virtual time");
}

static avow_value_t await_for_ever(void *data) {
  for (;;)
    AVOW_TRY(avow_await(avow_promise_resolve(data, avow_none())));
}

static avow_promise_t *awaits_for_ever(uv_loop_t *loop, void *data) {
  return avow_async(loop, await_for_ever, loop);
}

static void endless_awaits_of_settled_promises_fail(void **state) {
  assert_fails(awaits_for_ever,
               "more than 1000000 jobs at the same virtual time");
}

/* An iteration runs at most 10,000 jobs. */
enum { STEPS = 10, JOBS_EACH = 30000, FEW = 50000, FEWER = 15000 };

static avow_value_t chain_jobs(avow_promise_t *p, int jobs) {
  for (int i = 0; i < jobs; i++)
    p = avow_then(p, NULL, NULL, NULL);
  return avow_follow(p);
}

static avow_value_t work_on(const avow_value_t *arg, void *data) {
  return chain_jobs(avow_promise_resolve(data, avow_none()), JOBS_EACH);
}

/* Each step has as many jobs as are allowed at one time, and all steps together
   have more. */
static avow_promise_t *works_hard(uv_loop_t *loop, void *data) {
  avow_promise_t *all[STEPS];
  for (int i = 0; i < STEPS; i++)
    all[i] = avow_then(avow_sleep(loop, 1 + (uint64_t) i), work_on, NULL, loop);
  return avow_all(loop, all, STEPS);
}

static void job_count_restarts_when_time_advances(void **state) {
  const avow_sim_options_t few = { .max_events = FEW };
  const avow_sim_options_t fewer = { .max_events = FEWER };

  assert_string_equal(avow_sim(1, works_hard, NULL, &few).why, "");
  assert_true(avow_sim(1, works_hard, NULL, &fewer).failed);
}

/* Locks. */

static uv_mutex_t mutex;
static uv_rwlock_t rwlock;

static avow_promise_t *forgets_to_unlock(uv_loop_t *loop, void *data) {
  uv_mutex_lock(&mutex);
  return avow_sleep(loop, 1);
}

static avow_promise_t *unlocks(uv_loop_t *loop, void *data) {
  uv_mutex_lock(&mutex);
  assert_int_equal(uv_mutex_trylock(&mutex), UV_EBUSY);
  uv_mutex_unlock(&mutex);
  assert_int_equal(uv_mutex_trylock(&mutex), 0);
  uv_mutex_unlock(&mutex);
  return avow_sleep(loop, 1);
}

/* The next run can lock a mutex that a run before left locked. */
static void locked_mutex_fails_only_its_own_run(void **state) {
  assert_int_equal(uv_mutex_init(&mutex), 0);

  assert_fails(forgets_to_unlock, "a mutex or lock was left locked");
  (void) assert_passes(1, unlocks, NULL);
  (void) assert_passes(2, unlocks, NULL);

  assert_int_equal(uv_mutex_trylock(&mutex), 0);
  uv_mutex_unlock(&mutex);
  uv_mutex_destroy(&mutex);
}

static avow_promise_t *locks_twice(uv_loop_t *loop, void *data) {
  uv_mutex_lock(&mutex);
  uv_mutex_lock(&mutex);
  return avow_sleep(loop, 1);
}

static avow_value_t lock_here_too(void *data) {
  AVOW_TRY(avow_await(avow_sleep(data, 1)));
  uv_mutex_lock(&mutex);
  return avow_none();
}

static avow_promise_t *locks_in_a_function(uv_loop_t *loop, void *data) {
  uv_mutex_lock(&mutex);
  return avow_async(loop, lock_here_too, loop);
}

static avow_promise_t *reads_and_writes(uv_loop_t *loop, void *data) {
  uv_rwlock_rdlock(&rwlock);
  uv_rwlock_rdlock(&rwlock);
  uv_rwlock_rdunlock(&rwlock);
  uv_rwlock_wrlock(&rwlock);
  return avow_sleep(loop, 1);
}

static avow_promise_t *writes_and_reads(uv_loop_t *loop, void *data) {
  uv_rwlock_wrlock(&rwlock);
  assert_int_equal(uv_rwlock_tryrdlock(&rwlock), UV_EBUSY);
  uv_rwlock_rdlock(&rwlock);
  return avow_sleep(loop, 1);
}

static void waiting_for_an_own_lock_fails(void **state) {
  assert_int_equal(uv_mutex_init(&mutex), 0);
  assert_int_equal(uv_rwlock_init(&rwlock), 0);

  assert_fails(locks_twice,
               "uv_mutex_lock() waits for a lock that the program");
  assert_fails(locks_in_a_function,
               "uv_mutex_lock() waits for a lock that the");
  assert_fails(reads_and_writes,
               "uv_rwlock_wrlock() waits for a lock that the");
  assert_int_equal(uv_rwlock_init(&rwlock), 0); /* replaces the first one */
  assert_fails(writes_and_reads,
               "uv_rwlock_rdlock() waits for a lock that the");
}

static avow_promise_t *locks_recursively(uv_loop_t *loop, void *data) {
  uv_mutex_lock(&mutex);
  uv_mutex_lock(&mutex);
  uv_mutex_unlock(&mutex);
  uv_mutex_unlock(&mutex);
  return avow_sleep(loop, 1);
}

static void recursive_mutex_may_be_locked_again(void **state) {
  assert_int_equal(uv_mutex_init_recursive(&mutex), 0);

  (void) assert_passes(1, locks_recursively, NULL);

  uv_mutex_destroy(&mutex);
}

/* The first time limit expires before the mutex is free, and the second one
   does not, however slow the machine is. */
enum { HOLD_MS = 50, PATIENCE_MS = 20, HOUR_MS = 3600000 };

static void nap(void) {
  const struct timespec time = { .tv_nsec = HOLD_MS * 1000L * 1000 };
  assert_int_equal(nanosleep(&time, NULL), 0);
}

/* Both threads wait here when the mutex is held and again when the run is
   over. */
static pthread_barrier_t held;

static void *hold_for_a_while(void *data) {
  uv_mutex_lock(&mutex);
  (void) pthread_barrier_wait(&held);
  nap();
  uv_mutex_unlock(&mutex);
  (void) pthread_barrier_wait(&held);
  return NULL;
}

static void *hold_until_the_end(void *data) {
  uv_mutex_lock(&mutex);
  (void) pthread_barrier_wait(&held);
  (void) pthread_barrier_wait(&held);
  uv_mutex_unlock(&mutex);
  return NULL;
}

/* While one thread simulates, other threads of the process may run outside of
   the simulation. */
static avow_sim_result_t run_beside(void *(*holds)(void *data),
                                    avow_sim_fn program) {
  pthread_t holder;
  assert_int_equal(pthread_barrier_init(&held, NULL, 2), 0);
  assert_int_equal(pthread_create(&holder, NULL, holds, NULL), 0);
  (void) pthread_barrier_wait(&held);
  const avow_sim_result_t result = run_once(1, program, NULL);
  (void) pthread_barrier_wait(&held);
  assert_int_equal(pthread_join(holder, NULL), 0);
  (void) pthread_barrier_destroy(&held);
  return result;
}

static avow_promise_t *locks_once(uv_loop_t *loop, void *data) {
  uv_mutex_lock(&mutex);
  uv_mutex_unlock(&mutex);
  return avow_sleep(loop, 1);
}

static void run_waits_for_a_lock_of_another_thread(void **state) {
  const unsigned before = sim_locks_patience_ms;
  sim_locks_patience_ms = HOUR_MS;
  assert_int_equal(uv_mutex_init(&mutex), 0);

  assert_string_equal(run_beside(hold_for_a_while, locks_once).why, "");

  uv_mutex_destroy(&mutex);
  sim_locks_patience_ms = before;
}

static void wait_for_another_threads_lock_has_a_limit(void **state) {
  const unsigned before = sim_locks_patience_ms;
  sim_locks_patience_ms = PATIENCE_MS;
  assert_int_equal(uv_mutex_init(&mutex), 0);

  assert_string_equal(
      run_beside(hold_until_the_end, locks_once).why,
      "uv_mutex_lock() waits for a lock that is never released");

  uv_mutex_destroy(&mutex);
  sim_locks_patience_ms = before;
}

SUITE(stuck) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(program_that_spins_fails),
    cmocka_unit_test(endless_awaits_of_settled_promises_fail),
    cmocka_unit_test(job_count_restarts_when_time_advances),
    cmocka_unit_test(locked_mutex_fails_only_its_own_run),
    cmocka_unit_test(waiting_for_an_own_lock_fails),
    cmocka_unit_test(recursive_mutex_may_be_locked_again),
    cmocka_unit_test(run_waits_for_a_lock_of_another_thread),
    cmocka_unit_test(wait_for_another_threads_lock_has_a_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
