/* SPDX-License-Identifier: MIT */
/* Removing choices that a failure does not need. */
#include "sim/shrink.h"

#include "harness.h"
#include "sim/world.h"

enum { KINDS = 4, EACH = 100, PLENTY = 10000 };

/* Fails if the needed choices are present. A choice makes later ones
   possible. */
typedef struct {
  const sim_pick_t *needed;
  size_t n;
  unsigned runs;
} failure_t;

static bool has(const sim_picks_t *picks, const sim_pick_t *pick) {
  for (size_t i = 0; i < picks->n; i++)
    if (picks->at[i].name == pick->name && picks->at[i].n == pick->n)
      return true;
  return false;
}

static bool fails(const sim_picks_t *only, sim_picks_t *taken, void *data) {
  failure_t *failure = data;
  failure->runs++;
  for (size_t i = 0; i < only->n; i++)
    sim_picks_add(taken, only->at[i]);
  for (size_t i = 0; i < failure->n; i++)
    if (!has(only, &failure->needed[i]))
      return false;
  return true;
}

static sim_pick_t pick(uint64_t name, uint64_t n) {
  return (sim_pick_t){ .what = "test", .name = name, .n = n };
}

static sim_picks_t many(void) {
  sim_picks_t picks = { .at = NULL };
  for (uint64_t n = 0; n < EACH; n++)
    for (uint64_t name = KINDS; name > 0; name--)
      sim_picks_add(&picks, pick(name, n));
  return picks;
}

static void shrinking_keeps_only_needed_choices(void **state) {
  const sim_pick_t needed[] = { pick(2, 17), pick(2, 99), pick(4, 0) };
  failure_t failure = { needed, 3, 0 };
  sim_picks_t picks = many();

  sim_shrink(&picks, fails, &failure, PLENTY);

  assert_int_equal(picks.n, 3);
  for (size_t i = 0; i < 3; i++)
    assert_true(has(&picks, &needed[i]));
  assert_true(failure.runs < KINDS * EACH / 2);
  sim_picks_free(&picks);
}

static void constant_failure_needs_no_choices(void **state) {
  failure_t failure = { NULL, 0, 0 };
  sim_picks_t picks = many();

  sim_shrink(&picks, fails, &failure, PLENTY);

  assert_int_equal(picks.n, 0);
  assert_int_equal(failure.runs, KINDS);
  sim_picks_free(&picks);
}

static void shrinking_stops_at_its_limit_of_runs(void **state) {
  const sim_pick_t needed[] = { pick(2, 17), pick(3, 99) };
  failure_t failure = { needed, 2, 0 };
  sim_picks_t picks = many();

  sim_shrink(&picks, fails, &failure, KINDS + 1);

  assert_int_equal(failure.runs, KINDS + 1);
  assert_true(picks.n > 2);
  assert_true(has(&picks, &needed[0]));
  assert_true(has(&picks, &needed[1]));
  sim_picks_free(&picks);
}

/* Models a program in which only the first half of each kind remains
   possible. */
static bool fails_by_one(const sim_picks_t *only, sim_picks_t *taken,
                         void *data) {
  for (size_t i = 0; i < only->n; i++)
    if (only->at[i].n < EACH / 2)
      sim_picks_add(taken, only->at[i]);
  const sim_pick_t one = pick(1, 3);
  return has(only, &one);
}

static void unreached_choices_are_removed(void **state) {
  sim_picks_t picks = many();

  sim_shrink(&picks, fails_by_one, NULL, 2 * KINDS);

  for (size_t i = 0; i < picks.n; i++)
    assert_true(picks.at[i].n < EACH / 2);
  sim_picks_free(&picks);
}

SUITE(shrink) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(shrinking_keeps_only_needed_choices),
    cmocka_unit_test(constant_failure_needs_no_choices),
    cmocka_unit_test(shrinking_stops_at_its_limit_of_runs),
    cmocka_unit_test(unreached_choices_are_removed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
