/* SPDX-License-Identifier: MIT */
/* The table of loops: many loops, loops with the same hash, and loops that
   threads open and close. */
#include "engine/loop_table.h"

#include "harness.h"

#include <stdatomic.h>

enum { MANY = 5000, STEP = 16, THREADS = 4 };

/* Addresses in this array stand for loops and for their contexts. */
static char memory[THREADS][MANY * STEP];

static uv_loop_t *nth(size_t thread, size_t i) {
  return (uv_loop_t *) (void *) &memory[thread][i * STEP];
}

static avow__context_t *context_of(uv_loop_t *l) {
  return (avow__context_t *) (void *) l;
}

static bool has(uv_loop_t *l) {
  avow__context_t *c = avow__loop_table_find(l);
  assert_true(c == NULL || c == context_of(l));
  return c != NULL;
}

static void add(uv_loop_t *l) {
  assert_true(avow__loop_table_add(l, context_of(l)));
}

static void add_all(void) {
  for (size_t i = 0; i < MANY; i++)
    add(nth(0, i));
}

static void remove_all(void) {
  for (size_t i = 0; i < MANY; i++)
    avow__loop_table_remove(nth(0, i));
}

static void null_loop_is_not_found(void **state) {
  assert_null(avow__loop_table_find(NULL));
  assert_false(has(nth(0, 1)));
}

static void each_of_many_loops_is_found(void **state) {
  add_all();

  for (size_t i = 0; i < MANY; i++)
    assert_true(has(nth(0, i)));
  assert_false(has(nth(1, 0)));

  remove_all();
  for (size_t i = 0; i < MANY; i++)
    assert_false(has(nth(0, i)));
  avow__loop_tables_end();
}

static void removed_entries_are_reused(void **state) {
  add_all();
  remove_all();
  const long calls = allocation_calls();

  for (int i = 0; i < 10; i++) {
    add_all();
    remove_all();
  }

  assert_int_equal(allocation_calls(), calls);
  avow__loop_tables_end();
}

static uint32_t hash(const uv_loop_t *l) {
  return avow__entry_hash(l, AVOW__ENTRIES_LOG);
}

static size_t count_on(const avow__loop_table_t *table) {
  size_t n = 0;
  for (size_t i = 0; i < (size_t) 1 << table->log; i++)
    n += table->entries[i].key != 0;
  return n;
}

/* On average a lookup searches at most 2.5 tables, whatever the number of
   loops. */
static void most_loops_are_found_in_the_first_tables(void **state) {
  for (size_t threads = 1; threads <= THREADS; threads++) {
    for (size_t i = 0; i < MANY; i++)
      add(nth(threads - 1, i));
    size_t depth = 0, looks = 0;
    const avow__loop_table_t *table = avow__loop_tables;
    for (; table != NULL; table = table->smaller)
      looks += ++depth * count_on(table);
    assert_in_range(2 * looks, 2 * threads * MANY, 5 * threads * MANY);
  }

  for (size_t i = 0; i < THREADS * MANY; i++)
    avow__loop_table_remove(nth(i / MANY, i % MANY));
  avow__loop_tables_end();
}

/* Finds at most `most` loops with the same hash. Returns their number. */
static size_t find_alike(uv_loop_t *alike[], size_t most) {
  size_t n = 0;
  for (size_t t = 0; t < THREADS; t++)
    for (size_t i = 0; i < MANY && n < most; i++)
      if (hash(nth(t, i)) == hash(nth(0, 0)))
        alike[n++] = nth(t, i);
  return n;
}

static void loops_with_the_same_hash_are_found(void **state) {
  uv_loop_t *alike[20];
  const size_t n = find_alike(alike, 20);
  assert_true(n > 9); /* more than one table can hold */

  for (size_t i = 0; i < n; i++)
    add(alike[i]);
  avow__loop_table_remove(alike[0]);

  for (size_t i = 0; i < n; i++)
    assert_int_equal(has(alike[i]), i > 0);
  for (size_t i = 1; i < n; i++)
    avow__loop_table_remove(alike[i]);
  avow__loop_tables_end();
}

enum { ALIKE = 9, ENOUGH = 20000 };

/* Finds real loops with the same hash, one more than the first table can
   hold. */
static void find_loops_alike(uv_loop_t *alike[ALIKE]) {
  static uv_loop_t loops[ENOUGH];
  size_t n = 0;
  for (size_t i = 0; i < ENOUGH && n < ALIKE; i++)
    if (hash(&loops[i]) == hash(&loops[0]))
      alike[n++] = &loops[i];
  assert_int_equal(n, ALIKE);
}

static void loops_with_the_same_hash_can_be_used(void **state) {
  uv_loop_t *alike[ALIKE];
  find_loops_alike(alike);
  for (size_t i = 0; i < ALIKE; i++)
    assert_int_equal(uv_loop_init(alike[i]), 0);
  for (size_t i = 0; i < ALIKE - 1; i++)
    assert_int_equal(avow_loop_init(alike[i], &steady), 0);

  int err = UV_ENOMEM;
  for (long nth = 1; err == UV_ENOMEM; nth++) {
    fail_allocation(nth, false);
    err = avow_loop_init(alike[ALIKE - 1], &steady);
  }
  fail_allocation(0, false);

  assert_int_equal(err, 0);
  for (int i = 0; i < ALIKE; i++) {
    assert_fulfills_int(avow_promise_resolve(alike[i], avow_int(i)), i);
    assert_int_equal(avow_loop_close(alike[i]), 0);
    assert_int_equal(uv_loop_close(alike[i]), 0);
  }
  avow__loop_tables_end();
}

static void add_fails_when_out_of_memory(void **state) {
  size_t i = 0;
  fail_allocation(1, true);

  while (avow__loop_table_add(nth(0, i), context_of(nth(0, i))))
    i++;

  fail_allocation(0, false);
  assert_in_range(i, 9, AVOW__ENTRIES);
  assert_false(has(nth(0, i)));
  while (i-- > 0)
    avow__loop_table_remove(nth(0, i));
}

static void tables_are_kept_while_a_loop_is_open(void **state) {
  const long live = live_allocations();
  add_all();
  for (size_t i = 0; i < MANY - 1; i++)
    avow__loop_table_remove(nth(0, i));

  avow__loop_tables_end();

  assert_true(has(nth(0, MANY - 1)));
  avow__loop_table_remove(nth(0, MANY - 1));
  avow__loop_tables_end();
  assert_int_equal(live_allocations(), live);
}

static uv_loop_t *first; /* in_next_allocation() adds it */

static void add_first(void) {
  add(first);
}

static void concurrent_adds_share_one_new_table(void **state) {
  enum { N = 10 };
  uv_loop_t *alike[N];
  const long live = live_allocations();
  assert_int_equal(find_alike(alike, N), N);
  for (size_t i = 0; i < N - 2; i++)
    add(alike[i]);
  assert_int_equal(live_allocations(), live);
  first = alike[N - 2];
  in_next_allocation(add_first);

  add(alike[N - 1]);

  assert_int_equal(live_allocations(), live + 1);
  for (size_t i = 0; i < N; i++) {
    assert_true(has(alike[i]));
    avow__loop_table_remove(alike[i]);
  }
  avow__loop_tables_end();
  assert_int_equal(live_allocations(), live);
}

static atomic_int wrong;
static uv_barrier_t all_are_there;

/* cmocka can fail a test only on the thread that runs it. This thread counts
   errors. */
static void add_and_remove(void *l) {
  (void) uv_barrier_wait(&all_are_there); /* 1 on the last one */
  for (int round = 0; round < 200000; round++) {
    wrong += !avow__loop_table_add(l, context_of(l));
    wrong += avow__loop_table_find(l) != context_of(l);
    avow__loop_table_remove(l);
    wrong += avow__loop_table_find(l) != NULL;
  }
}

static void threads_add_and_remove_loops_with_the_same_hash(void **state) {
  uv_thread_t threads[THREADS];
  uv_loop_t *alike[THREADS];
  assert_int_equal(find_alike(alike, THREADS), THREADS);
  assert_int_equal(uv_barrier_init(&all_are_there, THREADS), 0);

  for (size_t t = 0; t < THREADS; t++)
    assert_int_equal(uv_thread_create(&threads[t], add_and_remove, alike[t]),
                     0);

  for (size_t t = 0; t < THREADS; t++)
    assert_int_equal(uv_thread_join(&threads[t]), 0);
  uv_barrier_destroy(&all_are_there);
  assert_int_equal(wrong, 0);
  avow__loop_tables_end();
}

SUITE(loop_table) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(null_loop_is_not_found),
    cmocka_unit_test(each_of_many_loops_is_found),
    cmocka_unit_test(most_loops_are_found_in_the_first_tables),
    cmocka_unit_test(removed_entries_are_reused),
    cmocka_unit_test(loops_with_the_same_hash_are_found),
    cmocka_unit_test(loops_with_the_same_hash_can_be_used),
    cmocka_unit_test(add_fails_when_out_of_memory),
    cmocka_unit_test(tables_are_kept_while_a_loop_is_open),
    cmocka_unit_test(concurrent_adds_share_one_new_table),
    cmocka_unit_test(threads_add_and_remove_loops_with_the_same_hash),
  };
  return RUN(tests);
}
