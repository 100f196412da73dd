/* SPDX-License-Identifier: MIT */
/* The table from addresses to nodes: many keys, growth, and chains. */
#include "base/table.h"

#include "harness.h"

enum { MANY = 10000, FEW = 200, STEP = 64 };

/* Keys are addresses in this array, as far apart as handles are. */
static char memory[MANY * STEP];
static avow__node_t nodes[MANY];
static avow__table_t table;

static const void *key(size_t i) {
  return &memory[i * STEP];
}

static void add(size_t i) {
  nodes[i].key = key(i);
  avow__table_add(&table, &nodes[i]);
}

static void add_all(size_t n) {
  for (size_t i = 0; i < n; i++)
    add(i);
}

static void remove_at(size_t i) {
  avow__table_remove(&table, &nodes[i]);
}

static bool has(size_t i) {
  avow__node_t *found = avow__table_find(&table, key(i));
  assert_true(found == NULL || found == &nodes[i]);
  return found != NULL;
}

static void assert_has_all(size_t first, size_t n) {
  for (size_t i = first; i < n; i++)
    assert_true(has(i));
}

static void empty(size_t n) {
  for (size_t i = 0; i < n; i++)
    if (has(i))
      remove_at(i);
  avow__table_close(&table);
}

/* Returns the number of chains that a table must search. */
static size_t buckets(void) {
  return table.buckets != NULL ? table.mask + 1 : AVOW__TABLE_MIN;
}

static void empty_table_finds_and_allocates_nothing(void **state) {
  const long calls = allocation_calls();

  assert_false(has(0));
  assert_null(avow__table_find(&table, NULL));
  avow__table_close(&table);

  assert_int_equal(allocation_calls(), calls);
}

static void few_keys_allocate_nothing(void **state) {
  const long calls = allocation_calls();

  add_all(AVOW__TABLE_MIN);

  assert_int_equal(allocation_calls(), calls);
  assert_has_all(0, AVOW__TABLE_MIN);
  assert_false(has(AVOW__TABLE_MIN));
  empty(AVOW__TABLE_MIN);
}

static void each_of_many_keys_is_found(void **state) {
  add_all(MANY);

  assert_int_equal(table.count, MANY);
  assert_has_all(0, MANY);
  assert_null(avow__table_find(&table, memory + 1));
  empty(MANY);
}

static void removed_keys_are_not_found_and_others_are(void **state) {
  add_all(MANY);

  for (size_t i = 0; i < MANY; i += 2)
    remove_at(i);

  for (size_t i = 0; i < MANY; i++)
    assert_true(has(i) == (i % 2 == 1));
  assert_int_equal(table.count, MANY / 2);
  empty(MANY);
}

static void removed_key_can_be_added_again(void **state) {
  add_all(FEW);

  remove_at(7);
  assert_false(has(7));
  add(7);

  assert_has_all(0, FEW);
  empty(FEW);
}

static void table_has_at_least_one_bucket_per_node(void **state) {
  for (size_t i = 0; i < MANY; i++) {
    add(i);
    assert_true(buckets() >= table.count);
  }

  assert_true(buckets() < 2 * MANY);
  empty(MANY);
}

static void chains_grow_when_out_of_memory(void **state) {
  fail_allocation(1, true);

  add_all(FEW);

  assert_true(allocation_failed());
  assert_int_equal(buckets(), AVOW__TABLE_MIN);
  assert_has_all(0, FEW);
  fail_allocation(0, false);
  empty(FEW);
}

static void table_grows_when_memory_is_available_again(void **state) {
  fail_allocation(1, true);
  add_all(FEW - 1);

  fail_allocation(0, false);
  add(FEW - 1);

  assert_int_equal(buckets(), 2 * AVOW__TABLE_MIN);
  assert_has_all(0, FEW);
  empty(FEW);
}

static void table_keeps_its_size_when_out_of_memory(void **state) {
  add_all(AVOW__TABLE_MIN + 1);

  fail_allocation(1, true);
  for (size_t i = AVOW__TABLE_MIN + 1; i < FEW; i++)
    add(i);

  assert_int_equal(buckets(), 2 * AVOW__TABLE_MIN);
  assert_has_all(0, FEW);
  fail_allocation(0, false);
  empty(FEW);
}

/* Without memory, all of these share 16 chains of a dozen nodes each. */
static void fill_chains(void) {
  fail_allocation(1, true);
  add_all(FEW);
  fail_allocation(0, false);
}

static void chain_nodes_can_be_removed_oldest_first(void **state) {
  fill_chains();

  for (size_t i = 0; i < FEW; i++) {
    remove_at(i);
    assert_false(has(i));
    assert_has_all(i + 1, FEW);
  }

  assert_int_equal(table.count, 0);
  empty(0);
}

static void chain_nodes_can_be_removed_newest_first(void **state) {
  fill_chains();

  for (size_t i = FEW; i > 0; i--) {
    remove_at(i - 1);
    assert_false(has(i - 1));
    assert_has_all(0, i - 1);
  }

  assert_int_equal(table.count, 0);
  empty(0);
}

static void chain_nodes_can_be_removed_in_mixed_order(void **state) {
  fill_chains();

  for (size_t i = 0; i < FEW; i++) {
    const size_t at = (i * 77) % FEW; /* 77 and 200 have no common factor */
    remove_at(at);
    assert_false(has(at));
  }

  assert_int_equal(table.count, 0);
  empty(0);
}

static void closed_table_may_be_used_again(void **state) {
  add_all(FEW);
  empty(FEW);

  add_all(1);

  assert_has_all(0, 1);
  empty(1);
}

static int table_setup(void **state) {
  table = (avow__table_t){ .count = 0 };
  return harness_setup(state);
}

#define MAP(f) cmocka_unit_test_setup_teardown(f, table_setup, harness_teardown)

SUITE(table) {
  const struct CMUnitTest tests[] = {
    MAP(empty_table_finds_and_allocates_nothing),
    MAP(few_keys_allocate_nothing),
    MAP(each_of_many_keys_is_found),
    MAP(removed_keys_are_not_found_and_others_are),
    MAP(removed_key_can_be_added_again),
    MAP(table_has_at_least_one_bucket_per_node),
    MAP(chains_grow_when_out_of_memory),
    MAP(table_grows_when_memory_is_available_again),
    MAP(table_keeps_its_size_when_out_of_memory),
    MAP(chain_nodes_can_be_removed_oldest_first),
    MAP(chain_nodes_can_be_removed_newest_first),
    MAP(chain_nodes_can_be_removed_in_mixed_order),
    MAP(closed_table_may_be_used_again),
  };
  return RUN(tests);
}
