/* SPDX-License-Identifier: MIT */
/*
 * Loops on threads of their own with much work. These tests are also for
 * ThreadSanitizer. Only the test's thread may fail a cmocka test; other threads
 * record errors.
 */
#include "over_there.h"

#ifndef WATCHED
#  define WATCHED 0
#endif

/* A loop keeps the blocks of 1,024 waiters. */
static void many_runs_may_wait_on_one_loop(void **state) {
  enum { CROWD = 1100 };
  avow_promise_t *ps[CROWD];
  for (size_t i = 0; i < CROWD; i++)
    ps[i] = avow_loops_run(loops, 0, loop, hang, NULL);
  for (size_t i = 0; i < CROWD; i++)
    uv_sem_wait(&arrived);

  end_loops();

  assert_int_equal(notes, CROWD);
  for (size_t i = 0; i < CROWD; i++)
    assert_rejects(ps[i], UV_ECANCELED);
}

static avow_value_t run_nested(uv_loop_t *own, void *data) {
  avow_promise_t *p = avow_loops_run(loops, 1, own, hang, NULL);
  return avow_follow(avow_finally(p, clean_up, own));
}

static void closing_under_load_settles_all_runs(void **state) {
  enum { RUNS = 400 };
  avow_promise_t *ps[RUNS];
  for (size_t i = 0; i < RUNS; i++)
    ps[i] = avow_loops_run(loops, i % LOOPS, loop,
                           i % 3 == 0 ? run_nested : sleep_there, NULL);

  avow_promise_t *closed = avow_loops_close(loops, loop);

  avow_value_unref(avow_run(avow_all_settled(loop, ps, RUNS)));
  assert_fulfills_none(closed);
}

/* Each loop sends EACH results to all other loops. */
enum { EACH = WATCHED ? 2000 : 60000, AT_ONCE = 64 };

typedef struct {
  uv_loop_t *own;
  size_t index;
  int64_t sum;
} mover_t;

static avow_value_t one(uv_loop_t *own, void *data) {
  return avow_int(1);
}

static avow_value_t add(const avow_value_t *arg, void *data) {
  mover_t *mover = data;
  mover->sum += avow_to_int(arg);
  return avow_none();
}

static avow_value_t run_on_another_loop(size_t i, void *data) {
  mover_t *mover = data;
  const size_t other = (mover->index + 1 + i % (LOOPS - 1)) % LOOPS;
  avow_promise_t *p = avow_loops_run(loops, other, mover->own, one, NULL);
  return avow_follow(avow_then(p, add, NULL, mover));
}

static avow_value_t move(uv_loop_t *own, void *data) {
  static const avow_map_options_t options = { .concurrency = AT_ONCE };
  mover_t *mover = data;
  mover->own = own;
  return avow_follow(avow_map(own, EACH, run_on_another_loop, mover, &options));
}

static void many_results_move_between_loops(void **state) {
  mover_t movers[LOOPS];
  avow_promise_t *ps[LOOPS];
  for (size_t i = 0; i < LOOPS; i++) {
    movers[i] = (mover_t){ .index = i };
    ps[i] = avow_loops_run(loops, i, loop, move, &movers[i]);
  }

  avow_value_unref(avow_run(avow_all(loop, ps, LOOPS)));

  for (size_t i = 0; i < LOOPS; i++)
    assert_int_equal(movers[i].sum, EACH);
  end_loops();
}

#ifndef AVOW_NO_POOL
static avow_value_t wait_one_iteration(uv_loop_t *own, void *data) {
  return avow_follow(avow_next_iteration(own));
}

/* Runs n functions that end at once, all together, and then n that wait, one by
   one. Returns the number of allocations. */
static long calls_for_runs(size_t n) {
  const long before = allocation_calls();
  for (size_t i = 0; i < n; i++)
    avow_unref(avow_loops_run(loops, i % LOOPS, loop, one, NULL));
  run();
  for (size_t i = 0; i < n; i++)
    assert_fulfills_none(
        avow_loops_run(loops, 0, loop, wait_one_iteration, NULL));
  return allocation_calls() - before;
}

static void runs_reuse_the_blocks_of_earlier_runs(void **state) {
  (void) calls_for_runs(500); /* the first runs allocate the blocks */

  assert_int_equal(calls_for_runs(500), 0);

  end_loops();
}
#endif

SUITE(loops_many) {
  (void) uv_sem_init(&arrived, 0);
  const struct CMUnitTest tests[] = {
    LOOPS_CASE(many_runs_may_wait_on_one_loop),
    LOOPS_CASE(closing_under_load_settles_all_runs),
    LOOPS_CASE(many_results_move_between_loops),
#ifndef AVOW_NO_POOL /* tools watch each block */
    LOOPS_CASE(runs_reuse_the_blocks_of_earlier_runs),
#endif
  };
  return RUN(tests);
}
