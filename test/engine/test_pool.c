/* SPDX-License-Identifier: MIT */
/* The pool: its reserve, the blocks that avow__pool_each() visits, and programs
   in a steady state, which allocate nothing from the system. */
#include "engine/pool.h"

#include "engine/settle.h"

#include "harness.h"

enum { RESERVE = 64, MANY = 1000, WARM = 2000, CYCLES = 250000, ROUNDS = 300 };

static avow__pool_t pool;
static avow_promise_t *blocks[2 * MANY];

static avow_promise_t *mark(void *block) {
  avow_promise_t *p = block;
  if (p != NULL)
    p->kind = AVOW__VALUE;
  return p;
}

static avow_promise_t *take(void) {
  return mark(avow__pool_alloc(&pool));
}

static avow_promise_t *take_reserved(void) {
  return mark(avow__pool_alloc_reserved(&pool));
}

static size_t take_all(avow_promise_t *(*take_fn)(void), size_t at) {
  size_t n = at;
  while (n < 2 * MANY && (blocks[n] = take_fn()) != NULL)
    n++;
  return n;
}

static void give_back(size_t first, size_t n) {
  for (size_t i = first; i < n; i++)
    avow__pool_free(&pool, blocks[i]);
  (void) avow__pool_end_quarantine(&pool); /* whether it had blocks */
}

/* CASE() with an empty pool in addition to the pool of the loop. */
static int pool_setup(void **state) {
  const int err = harness_setup(state);
  if (err != 0)
    return err;
  pool = (avow__pool_t){ .context = avow__context_of(loop) };
  return avow__pool_init(&pool) ? 0 : -1;
}

static int pool_teardown(void **state) {
  fail_allocation(0, false);
  avow__pool_close(&pool);
  return harness_teardown(state);
}

#define POOL(f) cmocka_unit_test_setup_teardown(f, pool_setup, pool_teardown)

static void blocks_do_not_overlap_and_hold_a_promise(void **state) {
  for (size_t i = 0; i < MANY; i++) {
    blocks[i] = take();
    assert_non_null(blocks[i]);
    memset(blocks[i], (int) (i & 0x7f) + 1, sizeof(avow_promise_t));
  }

  for (size_t i = 0; i < MANY; i++) {
    const unsigned char *bytes = (const unsigned char *) blocks[i];
    assert_int_equal(bytes[0], (i & 0x7f) + 1);
    assert_int_equal(bytes[sizeof(avow_promise_t) - 1], (i & 0x7f) + 1);
  }
  assert_int_equal(avow__pool_count(&pool), MANY);
  give_back(0, MANY);
}

static void freed_blocks_are_reused(void **state) {
  assert_int_equal(take_all(take, MANY), 2 * MANY);
  give_back(MANY, 2 * MANY);
  const long live = live_allocations();

  assert_int_equal(take_all(take, MANY), 2 * MANY);

#ifndef AVOW_NO_POOL
  assert_int_equal(live_allocations(), live);
#else
  assert_int_equal(live_allocations(), live + MANY);
#endif
  assert_int_equal(avow__pool_count(&pool), MANY);
  give_back(MANY, 2 * MANY);
}

#ifndef AVOW_NO_POOL

static void blocks_of_cache_line_size_are_aligned(void **state) {
  if (sizeof(avow_promise_t) != 64)
    skip_because("blocks with traces are larger");

  for (size_t i = 0; i < MANY; i++)
    blocks[i] = take();

  for (size_t i = 0; i < MANY; i++)
    assert_int_equal((uintptr_t) blocks[i] % 64, 0);
  give_back(0, MANY);
}

#endif

static void failed_alloc_returns_null_and_keeps_the_reserve(void **state) {
  fail_allocation(1, true);

  const size_t n = take_all(take, 0);

  assert_true(n < MANY);
  assert_null(take());
  assert_int_equal(avow__pool_count(&pool), n);
  assert_int_equal(pool.reserved, RESERVE);
  give_back(0, n);
}

static void reserve_is_available_when_out_of_memory(void **state) {
  fail_allocation(1, true);
  const size_t used = take_all(take, 0);

  const size_t n = take_all(take_reserved, used);

  assert_int_equal(n - used, RESERVE);
  assert_int_equal(avow__pool_count(&pool), n);
  assert_null(take_reserved());
  give_back(0, n);
}

static void reserve_is_not_used_while_memory_is_available(void **state) {
  const size_t n = take_all(take_reserved, 0);

  assert_int_equal(n, 2 * MANY);
  assert_int_equal(pool.reserved, RESERVE);
  give_back(0, n);
}

static void reserve_is_refilled_when_memory_is_available(void **state) {
  fail_allocation(1, true);
  size_t n = take_all(take_reserved, 0);
  assert_int_equal(pool.reserved, 0);

  fail_allocation(0, false);
  for (size_t end = n + RESERVE; n < end; n++)
    blocks[n] = take_reserved();

  assert_int_equal(pool.reserved, RESERVE);
  give_back(0, n);
}

static void failed_init_can_be_closed(void **state) {
  for (long nth = 1; nth <= RESERVE; nth++) {
    avow__pool_t other = { .context = avow__context_of(loop) };
    fail_allocation(nth, true);
    const bool done = avow__pool_init(&other);
    assert_true(done == !allocation_failed());
    avow__pool_close(&other);
    if (done)
      break; /* one slab holds the whole reserve */
  }
}

static void close_frees_all_memory(void **state) {
  const long before = live_allocations();
  avow__pool_t other = { .context = avow__context_of(loop) };

  assert_true(avow__pool_init(&other));
  for (size_t i = 0; i < MANY; i++)
    blocks[i] = mark(avow__pool_alloc(&other));
  for (size_t i = 0; i < MANY; i++)
    avow__pool_free(&other, blocks[i]);
  avow__pool_close(&other);

  assert_int_equal(live_allocations(), before);
}

static size_t visits;

static void count_visit(avow_promise_t *p, void *data) {
  visits++;
  assert_int_equal(p->kind, AVOW__VALUE);
}

static void each_visits_only_blocks_in_use(void **state) {
  for (size_t i = 0; i < MANY; i++)
    blocks[i] = take();
  for (size_t i = 0; i < MANY; i += 3) {
    avow__pool_free(&pool, blocks[i]);
    blocks[i] = NULL;
  }

  visits = 0;
  avow__pool_each(&pool, count_visit, NULL);

  assert_int_equal(visits, avow__pool_count(&pool));
  for (size_t i = 0; i < MANY; i++)
    if (blocks[i] != NULL)
      avow__pool_free(&pool, blocks[i]);
}

static void each_of_an_empty_pool_visits_nothing(void **state) {
  visits = 0;

  avow__pool_each(&pool, count_visit, NULL);

  assert_int_equal(visits, 0);
}

static void free_visited(avow_promise_t *p, void *data) {
  visits++;
  avow__pool_free(&pool, p);
}

static void each_may_free_the_visited_block(void **state) {
  assert_int_equal(take_all(take, MANY), 2 * MANY);

  visits = 0;
  avow__pool_each(&pool, free_visited, NULL);

  assert_int_equal(visits, MANY);
  assert_int_equal(avow__pool_count(&pool), 0);
}

static void free_all_others(avow_promise_t *p, void *data) {
  visits++;
  for (size_t i = 0; i < MANY; i++) {
    if (blocks[i] != p)
      avow__pool_free(&pool, blocks[i]);
  }
}

/* The first visited block is the first or the last one. Its callback frees all
   others. */
static void each_may_free_blocks_not_yet_visited(void **state) {
  for (size_t i = 0; i < MANY; i++)
    blocks[i] = take();

  visits = 0;
  avow__pool_each(&pool, free_all_others, NULL);

  assert_int_equal(visits, 1);
  assert_int_equal(avow__pool_count(&pool), 1);
  avow__pool_each(&pool, free_visited, NULL);
}

static void take_one_more(avow_promise_t *p, void *data) {
  size_t *missing = data;
  visits++;
  if (*missing == 0)
    return;
  --*missing;
  (void) take(); /* a later visit finds and frees it */
}

static void each_may_allocate(void **state) {
  size_t missing = MANY;
  assert_int_equal(take_all(take, MANY), 2 * MANY);

  visits = 0;
  avow__pool_each(&pool, take_one_more, &missing);

  assert_true(visits >= MANY);
  assert_int_equal(avow__pool_count(&pool), 2 * MANY);
  avow__pool_each(&pool, free_visited, NULL);
  assert_int_equal(avow__pool_count(&pool), 0);
}

static avow_value_t count_call(const avow_value_t *arg, void *data) {
  ++*(size_t *) data;
  return avow_value_ref(arg);
}

static size_t handled;

static void settle_chain(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  p = avow_then(p, count_call, NULL, &handled);
  p = avow_then(p, NULL, NULL, NULL);
  (void) avow_resolve(d, avow_int(1)); /* pending */
  avow_value_unref(avow_run(p));
}

static void sleep_often(void) {
  for (int i = 0; i < 100; i++)
    avow_unref(avow_sleep(loop, (uint64_t) (i % 3 == 0)));
  run();
}

static void race_losers(void) {
  avow_deferred_t *first, *second;
  avow_promise_t *const ps[] = { avow_promise_new(loop, &first),
                                 avow_promise_new(loop, &second) };
  avow_promise_t *p = avow_race(loop, ps, 2);
  (void) avow_resolve(second, avow_int(2)); /* pending */
  avow_value_unref(avow_run(p));
  avow_deferred_drop(first);
  run();
}

static void time_out(void) {
  avow_deferred_t *d, *late;
  avow_promise_t *p = avow_timeout(avow_promise_new(loop, &d), 60000);
  avow_promise_t *q = avow_timeout(avow_promise_new(loop, &late), 0);
  (void) avow_resolve(d, avow_int(2)); /* pending */
  avow_value_unref(avow_run(p));
  avow_value_unref(avow_run(q));
  avow_deferred_drop(late);
}

/* After some rounds, further rounds allocate nothing from the system. Without
   the pool, they free all that they allocate. */
static void assert_constant_memory(void (*round)(void), int warm, int rounds) {
  for (int i = 0; i < warm; i++)
    round();
  const long calls = allocation_calls(), live = live_allocations();

  for (int i = 0; i < rounds; i++)
    round();

  assert_int_equal(live_allocations(), live);
#ifndef AVOW_NO_POOL
  assert_int_equal(allocation_calls(), calls);
#else
  assert_true(allocation_calls() > calls);
#endif
}

static void chains_use_constant_memory_over_many_cycles(void **state) {
  handled = 0;

  assert_constant_memory(settle_chain, WARM, CYCLES);

  assert_int_equal(handled, WARM + CYCLES);
}

static void sleeps_use_constant_memory(void **state) {
  assert_constant_memory(sleep_often, WARM / 100, ROUNDS);
}

static void races_use_constant_memory(void **state) {
  assert_constant_memory(race_losers, WARM, ROUNDS * 100);
}

static void timeouts_use_constant_memory(void **state) {
  assert_constant_memory(time_out, WARM, ROUNDS * 100);
}

SUITE(pool) {
  const struct CMUnitTest tests[] = {
    POOL(blocks_do_not_overlap_and_hold_a_promise),
    POOL(freed_blocks_are_reused),
#ifndef AVOW_NO_POOL
    POOL(blocks_of_cache_line_size_are_aligned),
#endif
    POOL(failed_alloc_returns_null_and_keeps_the_reserve),
    POOL(reserve_is_available_when_out_of_memory),
    POOL(reserve_is_not_used_while_memory_is_available),
    POOL(reserve_is_refilled_when_memory_is_available),
    POOL(failed_init_can_be_closed),
    POOL(close_frees_all_memory),
    POOL(each_visits_only_blocks_in_use),
    POOL(each_of_an_empty_pool_visits_nothing),
    POOL(each_may_free_the_visited_block),
    POOL(each_may_free_blocks_not_yet_visited),
    POOL(each_may_allocate),
    CASE(chains_use_constant_memory_over_many_cycles),
    CASE(sleeps_use_constant_memory),
    CASE(races_use_constant_memory),
    CASE(timeouts_use_constant_memory),
  };
  return RUN(tests);
}
