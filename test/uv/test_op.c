/* SPDX-License-Identifier: MIT */
/* Operations: the blocks that a loop keeps for later operations. */
#include "engine/pool.h"
#include "harness.h"

enum { MANY = 200, KEPT = 64 };

static avow_promise_t *begin(void) {
  return avow_fs_fstat(loop, 0);
}

static void consecutive_operations_share_a_block(void **state) {
  for (int i = 0; i < 1000; i++) { /* checked builds keep freed promises */
    avow_unref(begin());
    run();
  }
  const long before = allocation_calls();

  for (int i = 0; i < MANY; i++) {
    avow_unref(begin());
    run();
  }

#ifdef AVOW_NO_POOL /* tools watch each block */
  assert_true(allocation_calls() - before >= 2 * MANY);
#else
  assert_int_equal(allocation_calls() - before, MANY); /* of the results */
#endif
}

static void many_operations_leave_few_blocks(void **state) {
  const long before = live_allocations();

  for (int i = 0; i < MANY; i++)
    avow_unref(begin());
  const long most = live_allocations();
  run();

  assert_true(most - before >= MANY);
  assert_int_in_range(live_allocations() - before, 0, KEPT + 8); /* and slabs */
}

/* The error for a path of that length. */
#ifdef _WIN32
enum { TOO_LONG = UV_ENOENT };
#else
enum { TOO_LONG = UV_ENAMETOOLONG };
#endif

static void large_operations_have_their_own_blocks(void **state) {
  char path[4000];
  memset(path, 'x', sizeof(path) - 1);
  path[sizeof(path) - 1] = '\0';
  assert_rejects(avow_fs_open(loop, path, 0, 0), TOO_LONG);
  const long before = live_allocations();

  assert_rejects(avow_fs_open(loop, path, 0, 0), TOO_LONG);

  assert_int_equal(live_allocations(), before);
}

SUITE(op) {
  const struct CMUnitTest tests[] = {
    CASE(consecutive_operations_share_a_block),
    CASE(many_operations_leave_few_blocks),
    CASE(large_operations_have_their_own_blocks),
  };
  return RUN(tests);
}
