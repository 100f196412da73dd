/* SPDX-License-Identifier: MIT */
/* Cache lines: their addresses, and the order in which they are given out. */
#include "base/cacheline_pool.h"

#include "harness.h"

enum { EACH = AVOW__LINES_EACH, MANY = 3 * EACH };

static avow__lines_t lines;
static char *taken[MANY];

static void take_all(void *(*take)(avow__lines_t *), size_t n) {
  for (size_t i = 0; i < n; i++)
    assert_non_null(taken[i] = take(&lines));
}

static void give_all(size_t n) {
  for (size_t i = 0; i < n; i++)
    avow__line_give(&lines, taken[i]);
}

/* Frees all empty batches, which must be all batches. */
static void assert_all_lines_are_returned(void) {
  assert_null(avow__lines_leave(&lines));
  assert_int_equal(lines.empty, 0);
}

/* Writes all bytes except those that the pool keeps in the line. */
static void fill(char *line, size_t kept, char with) {
  memset(line + kept, with, AVOW__LINE - kept);
}

static void assert_filled(const char *line, size_t kept, char with) {
  for (size_t i = kept; i < AVOW__LINE; i++)
    assert_int_equal(line[i], with);
}

static void lines_are_aligned_and_do_not_overlap(void **state) {
  const size_t kept = sizeof(avow__line_t);
  take_all(avow__line_take_two, MANY);

  for (size_t i = 0; i < MANY; i++) {
    assert_int_equal((uintptr_t) taken[i] % AVOW__LINE, 0);
    fill(taken[i], kept, (char) i);
    fill(avow__line_second(taken[i]), 0, (char) (i / 2));
  }

  for (size_t i = 0; i < MANY; i++) {
    assert_filled(taken[i], kept, (char) i);
    assert_filled(avow__line_second(taken[i]), 0, (char) (i / 2));
  }
  give_all(MANY);
  assert_all_lines_are_returned();
}

/* The order differs from the order of the batches in memory. */
static void returned_line_is_reused_first(void **state) {
  take_all(avow__line_take, MANY);

  for (size_t i = MANY; i > 0; i--) {
    avow__line_give(&lines, taken[i - 1]);
#ifndef AVOW_NO_POOL /* without the pool, its address may differ */
    assert_ptr_equal(avow__line_take(&lines), taken[i - 1]);
#else
    taken[i - 1] = avow__line_take(&lines);
#endif
  }

  give_all(MANY);
  assert_all_lines_are_returned();
}

static void returned_lines_are_used_before_new_memory(void **state) {
  take_all(avow__line_take, MANY);
  for (size_t i = 0; i < MANY; i += EACH)
    avow__line_give(&lines, taken[i]);
  const long before = live_allocations();

  for (size_t i = 0; i < MANY; i += EACH)
    assert_non_null(taken[i] = avow__line_take(&lines));

#ifndef AVOW_NO_POOL
  assert_int_equal(live_allocations(), before);
#else
  assert_int_equal(live_allocations(), before + MANY);
#endif
  give_all(MANY);
  assert_all_lines_are_returned();
}

static void give(size_t i) {
  avow__line_give(&lines, taken[i]);
}

static void take_again(size_t i) {
  assert_non_null(taken[i] = avow__line_take(&lines));
}

/* The first batch becomes full. Another batch that was full comes before it. */
static void batch_with_free_lines_precedes_full_batches(void **state) {
  take_all(avow__line_take, MANY);
  give(0);
  take_again(0);
  give(EACH);
  give(2 * EACH);
  take_again(2 * EACH);
  give(0);
  take_again(0);
  const long calls = allocation_calls();

  take_again(EACH);

#ifndef AVOW_NO_POOL
  assert_int_equal(allocation_calls(), calls);
#else
  assert_int_equal(allocation_calls(), calls + 1);
#endif
  give_all(MANY);
  assert_all_lines_are_returned();
}

static void last_used_line_frees_its_abandoned_batch(void **state) {
  const long before = live_allocations();
  take_all(avow__line_take, EACH + 1);
  avow__line_give(&lines, taken[EACH]);

  avow__batch_t *batch = avow__lines_leave(&lines);
  assert_non_null(batch);
  assert_int_equal(live_allocations(), before + 1);
  assert_ptr_equal(avow__batch_line(batch, EACH - 1), taken[EACH - 1]);
  assert_null(avow__batch_line(batch, EACH));
  for (size_t i = 1; i < EACH; i++)
    assert_false(avow__line_leave(taken[i - 1]));
  assert_true(avow__line_leave(taken[EACH - 1]));

  assert_int_equal(live_allocations(), before);
  assert_all_lines_are_returned();
}

static void taking_a_line_fails_when_out_of_memory(void **state) {
  fail_allocation(1, true);
  assert_null(avow__line_take(&lines));
  assert_null(avow__line_take_two(&lines));
  fail_allocation(0, false);

  assert_all_lines_are_returned();
}

SUITE(cacheline_pool) {
  const struct CMUnitTest tests[] = {
    CASE(lines_are_aligned_and_do_not_overlap),
    CASE(returned_line_is_reused_first),
    CASE(returned_lines_are_used_before_new_memory),
    CASE(batch_with_free_lines_precedes_full_batches),
    CASE(last_used_line_frees_its_abandoned_batch),
    CASE(taking_a_line_fails_when_out_of_memory),
  };
  return RUN(tests);
}
