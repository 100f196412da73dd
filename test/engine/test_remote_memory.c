/* SPDX-License-Identifier: MIT */
/* The memory of remotes: where it is allocated, and when it is freed. */
#include "base/cacheline_pool.h"
#include "harness.h"

enum { MANY = 1000, EACH = AVOW__LINES_EACH, KEPT = 512 }; /* KEPT batches */

/* Makes `n` remotes and settles them in strides, as several threads would. */
static void settle_in_strides(avow_remote_t *remotes[], size_t n) {
  for (size_t i = 0; i < n; i++)
    avow_unref(avow_remote_new(loop, &remotes[i]));
  for (size_t first = 0; first < 4; first++)
    for (size_t i = first; i < n; i += 4)
      assert_int_equal(avow_remote_resolve(remotes[i], avow_none()), 0);
  run();
}

static void settle_deferreds(size_t n) {
  avow_deferred_t **ds = test_calloc(n, sizeof(avow_deferred_t *));
  for (size_t i = 0; i < n; i++)
    avow_unref(avow_promise_new(loop, &ds[i]));
  for (size_t i = 0; i < n; i++)
    assert_true(avow_resolve(ds[i], avow_none()));
  test_free(ds);
}

/* Counts the remotes that lie directly behind the one made before. */
static size_t count_neighbors(avow_remote_t *remotes[], size_t n) {
  const ptrdiff_t distance = (char *) remotes[1] - (char *) remotes[0];
  size_t neighbors = 0;
  for (size_t i = 1; i < n; i++)
    neighbors += (char *) remotes[i] - (char *) remotes[i - 1] == distance;
  return neighbors;
}

static void remotes_made_together_are_adjacent(void **state) {
  avow_remote_t *remotes[MANY];
  settle_in_strides(remotes, MANY);
  const size_t at_first = count_neighbors(remotes, MANY);
  assert_in_range(at_first, MANY - MANY / 10, MANY);

  for (int i = 0; i < 10; i++)
    settle_in_strides(remotes, MANY);

  assert_int_equal(count_neighbors(remotes, MANY), at_first);
}

static void freed_remote_is_reused_while_others_are_pending(void **state) {
  avow_remote_t *other, *first, *second;
  avow_unref(avow_remote_new(loop, &other));
  avow_unref(avow_remote_new(loop, &first));
  assert_int_equal(avow_remote_resolve(first, avow_none()), 0);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* not 0: `other` is pending */

  avow_promise_t *p = avow_remote_new(loop, &second);

  assert_ptr_equal(second, first);
  assert_int_equal(avow_remote_resolve(other, avow_none()), 0);
  assert_int_equal(avow_remote_resolve(second, avow_int(2)), 0);
  assert_fulfills_int(p, 2);
}

/* The test subtracts the allocations of promises. */
static void freed_remotes_are_reused(void **state) {
  avow_remote_t *remotes[MANY];
  settle_in_strides(remotes, MANY);
  settle_deferreds(MANY); /* a checked build keeps freed promises */
  long calls = allocation_calls();
  settle_deferreds(MANY);
  const long of_promises = allocation_calls() - calls;
  calls = allocation_calls();

  settle_in_strides(remotes, MANY);

  assert_int_equal(allocation_calls() - calls, of_promises);
}

/* The rounds before the measurement make the pool keep that many promises.
   After a first peak it would not keep all of them in trace builds, where
   blocks are larger. */
static void many_remotes_leave_only_a_reserve(void **state) {
  const size_t n = (KEPT + 10) * EACH;
  avow_remote_t **remotes = test_calloc(n, sizeof(avow_remote_t *));
  for (int i = 0; i < 3; i++)
    settle_deferreds(n);
  settle_in_strides(remotes, 1);
  const long live = live_allocations();

  settle_in_strides(remotes, n);

  assert_int_equal(live_allocations(), live + KEPT - 1);
  test_free(remotes);
}

SUITE(remote_memory) {
  const struct CMUnitTest tests[] = {
    CASE(remotes_made_together_are_adjacent),
    CASE(freed_remote_is_reused_while_others_are_pending),
    CASE(freed_remotes_are_reused),
    CASE(many_remotes_leave_only_a_reserve),
  };
  return RUN(tests);
}
