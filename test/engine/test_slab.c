/* SPDX-License-Identifier: MIT */
/* Slabs after a peak: empty slabs are returned to the system in whatever order
   they became empty. New blocks are placed as before the peak. */
#include "engine/pool.h"

#include "engine/settle.h"

#include "harness.h"

static avow__context_t nobody;
static avow__pool_t pool;

static avow_promise_t *take(void) {
  avow_promise_t *p = avow__pool_alloc(&pool);
  assert_non_null(p);
  p->kind = AVOW__VALUE;
  return p;
}

/* CASE() with an empty pool in addition to the pool of the loop. */
static int slab_setup(void **state) {
  pool = (avow__pool_t){ .context = &nobody };
  const int err = harness_setup(state);
  return err == 0 && avow__pool_init(&pool) ? 0 : -1;
}

static int slab_teardown(void **state) {
  avow__pool_close(&pool);
  return harness_teardown(state);
}

#define POOL(f) cmocka_unit_test_setup_teardown(f, slab_setup, slab_teardown)

/* In blocks. They fill the same number of slabs in each build, whatever the
   size of its blocks. */
enum { BATCH = 784 * AVOW__BLOCKS, PEAK = 2352 * AVOW__BLOCKS, STRIDE = 7919 };

/* In slabs: how many empty slabs are always kept, how many a full chunk has,
   and how many go at a time. */
enum { KEPT = AVOW__KEPT_SLABS, CHUNK = 64, PORTION = 256 };

static avow_promise_t *peak[PEAK];

static void take_peak(size_t n) {
  for (size_t i = 0; i < n; i++) {
    peak[i] = take();
  }
}

static void give_back_peak(size_t n, size_t stride) {
  for (size_t i = 0; i < n; i++)
    avow__pool_free(&pool, peak[(uint64_t) i * stride % n]);
  (void) avow__pool_end_quarantine(&pool); /* whether it had blocks */
}

static uint64_t now; /* the time of the pool, in ms */

/* Reviews the pool as a loop does that is idle for a second. */
static void pass_a_second(void) {
  now += 1000;
  for (size_t i = 0; i <= PEAK / AVOW__BLOCKS / PORTION; i++)
    if (avow__pool_review(&pool, now++) != 1)
      return;
}

/* After the first review, nothing is needed for a second. */
static void rest(void) {
  pass_a_second();
  pass_a_second();
}

/* The margin allows for the first chunks, which are small. */
static void assert_kept_is_little(long live) {
  assert_in_range(pool.empty_count, 1, KEPT);
  assert_in_range(live_allocations() - live, 1, KEPT / CHUNK + 6);
}

static void empty_slabs_beyond_a_reserve_are_freed(void **state) {
  const long live = live_allocations();
  take_peak(PEAK);
  give_back_peak(PEAK, 1);
  assert_true(live_allocations() - live > 20 * KEPT / CHUNK);

  rest();

  assert_kept_is_little(live);
}

static void empty_slabs_are_freed_in_any_order(void **state) {
  const long live = live_allocations();
  take_peak(PEAK);
  give_back_peak(PEAK, STRIDE);

  rest();

  assert_kept_is_little(live);
}

/* Frees all blocks except every `each`-th one. */
static void give_back_but_for(size_t n, size_t each) {
  for (size_t i = 0; i < n; i++)
    if (i % each != 0)
      avow__pool_free(&pool, peak[i]);
}

static void give_back_rest(size_t n, size_t each) {
  for (size_t i = 0; i < n; i += each)
    avow__pool_free(&pool, peak[i]);
}

static void free_visited(avow_promise_t *p, void *data) {
  ++*(size_t *) data;
  avow__pool_free(&pool, p);
}

static size_t count_absent(const avow__chunk_t *chunk) {
  size_t n = 0;
  for (uint64_t absent = chunk->absent; absent != 0; absent &= absent - 1)
    n++;
  return n;
}

static size_t slabs_to_visit(void) {
  size_t n = 0;
  const avow__link_t *at = pool.chunks;
  do {
    const avow__chunk_t *chunk = (const avow__chunk_t *) at;
    n += chunk->busy > 0 ? chunk->count - count_absent(chunk) : 0;
    at = at->next;
  } while (at != pool.chunks);
  return n;
}

/* The first chunks are small. No block in them stays in use, so that they are
   freed, and one chunk of full size takes their place. */
enum { FIRST_GO = 1 };

/* A block in use keeps its chunk. The other blocks of the chunk are used
   again. */
static void block_in_use_keeps_its_chunk(void **state) {
  take_peak(PEAK);
  const long calls = allocation_calls();

  give_back_but_for(PEAK, STRIDE);
  assert_int_equal(avow__pool_count(&pool), PEAK / STRIDE + 1);
  for (size_t i = 0; i < PEAK; i++)
    if (i % STRIDE != 0)
      peak[i] = take();

  assert_in_range(allocation_calls() - calls, 0, FIRST_GO);
  give_back_peak(PEAK, 1);
  assert_in_range(slabs_to_visit(), 1, 2 * CHUNK);
}

static void repeated_batches_allocate_nothing(void **state) {
  take_peak(BATCH);
  give_back_peak(BATCH, 1);
  const long calls = allocation_calls();

  for (int i = 0; i < 5; i++) {
    take_peak(BATCH);
    give_back_peak(BATCH, i % 2 == 0 ? 1 : STRIDE);
  }

  assert_int_equal(allocation_calls(), calls);
}

static size_t count_vacant(void) {
  size_t n = 0;
  const avow__link_t *at = pool.chunks;
  do {
    const avow__chunk_t *chunk = (const avow__chunk_t *) at;
    n += chunk->vacated ? count_absent(chunk) : 0;
    at = at->next;
  } while (at != pool.chunks);
  return n;
}

/* The blocks in use occupy at most one slab each. */
static void empty_slabs_in_a_busy_chunk_become_vacant(void **state) {
  take_peak(PEAK);
  const size_t others = slabs_to_visit() - PEAK / STRIDE - 3;

  give_back_but_for(PEAK, STRIDE);
  rest();

  assert_in_range(count_vacant(), others - KEPT - CHUNK, others);
  assert_in_range(pool.empty_count, 1, KEPT);
  assert_int_equal(avow__pool_count(&pool), PEAK / STRIDE + 1);
}

static void vacant_slabs_are_reused(void **state) {
  take_peak(PEAK);
  give_back_but_for(PEAK, STRIDE);
  rest();
  const long calls = allocation_calls();

  for (size_t i = 0; i < PEAK; i++)
    if (i % STRIDE != 0) {
      peak[i] = take();
      assert_null(peak[i]->upstream);
      assert_null(peak[i]->waiters);
    }

  assert_in_range(allocation_calls() - calls, 0, FIRST_GO);
  assert_in_range(count_vacant(), 0, CHUNK);
  assert_int_equal(avow__pool_count(&pool), PEAK);
  give_back_peak(PEAK, 1);
}

static void shrinking_keeps_no_empty_slabs(void **state) {
  take_peak(BATCH);
  give_back_but_for(BATCH, 100 * AVOW__BLOCKS);
  assert_true(pool.empty_count > 0);

  avow__slabs_shrink(&pool);

  assert_int_equal(pool.empty_count, 0);
  assert_true(count_vacant() > 0);
  give_back_rest(BATCH, 100 * AVOW__BLOCKS);
  assert_int_equal(pool.empty_count, 0);
}

/* Also if each of the next peaks comes a second after the one before. */
static void repeated_peaks_keep_their_slabs(void **state) {
  take_peak(PEAK);
  give_back_peak(PEAK, 1);
  const long calls = allocation_calls();

  for (int i = 0; i < 3; i++) {
    pass_a_second();
    take_peak(PEAK);
    give_back_peak(PEAK, 1);
  }

  assert_int_equal(allocation_calls(), calls);
}

/* The slabs that a smaller peak needs stay. */
static void slabs_unused_for_a_second_are_freed(void **state) {
  take_peak(PEAK);
  give_back_peak(PEAK, 1);
  const size_t kept = pool.empty_count;

  pass_a_second();
  assert_int_equal(avow__pool_review(&pool, pool.surplus.reviewed + 999), 1000);
  take_peak(BATCH);
  give_back_peak(BATCH, 1);
  assert_in_range(pool.empty_count, kept - CHUNK, kept);
  pass_a_second();

  const size_t used = BATCH / AVOW__BLOCKS;
  assert_in_range(pool.empty_count, used - CHUNK, used + KEPT + CHUNK);
  pass_a_second();
  assert_in_range(pool.empty_count, 1, KEPT);
}

/* Slabs that are needed again before their turn stay. */
static void slabs_go_in_portions(void **state) {
  take_peak(PEAK);
  give_back_peak(PEAK, 1);
  const size_t kept = pool.empty_count;
  pass_a_second();

  now += 1000;
  assert_int_equal(avow__pool_review(&pool, now), 1);
  assert_in_range(pool.empty_count, kept - PORTION - CHUNK, kept - 1);
  take_peak(BATCH);
  give_back_peak(BATCH, 1);
  pass_a_second();

  const size_t used = BATCH / AVOW__BLOCKS;
  assert_in_range(pool.empty_count, used - CHUNK, used + KEPT + CHUNK);
}

static void iterations_free_unused_slabs(void **state) {
  avow__pool_t *own = &avow__context_of(loop)->pool;
  for (size_t i = 0; i < BATCH; i++)
    peak[i] = avow_promise_resolve(loop, avow_none());
  for (size_t i = 0; i < BATCH; i++)
    avow_unref(peak[i]);
  assert_true(own->empty_count > CHUNK);

  for (int i = 0; i < 2; i++) {
    own->surplus.reviewed = 0; /* a long time ago */
    for (size_t slabs = 0; slabs <= BATCH / AVOW__BLOCKS; slabs += PORTION)
      avow_ignore(avow_run(avow_sleep(loop, 1)));
  }

  assert_in_range(own->empty_count, 1, CHUNK);
}

/* Blocks that are made together also lie together after a peak. */
static void blocks_are_adjacent_after_a_peak(void **state) {
  take_peak(PEAK);
  give_back_peak(PEAK, STRIDE);
  take_peak(BATCH);

  size_t jumps = 0;
  for (size_t i = 1; i < BATCH; i++)
    jumps += (char *) peak[i] != (char *) peak[i - 1] + AVOW__BLOCK;
  assert_in_range(jumps, 1, 2 * BATCH / AVOW__BLOCKS);
  give_back_peak(BATCH, 1);
}

static void each_skips_slabs_freed_after_a_peak(void **state) {
  take_peak(PEAK);
  assert_true(slabs_to_visit() >= PEAK / AVOW__BLOCKS);

  give_back_peak(PEAK, STRIDE);

  assert_in_range(slabs_to_visit(), 1, 2 * CHUNK);
}

/* No chunk is freed before the visits are over. */
static void each_may_free_all_of_a_peak(void **state) {
  const long live = live_allocations();
  take_peak(PEAK);

  size_t visits = 0;
  avow__pool_each(&pool, free_visited, &visits);

  assert_int_equal(visits, PEAK);
  assert_int_equal(avow__pool_count(&pool), 0);
  rest();
  assert_kept_is_little(live);
}

static void closed_loop_keeps_the_memory_of_its_promises(void **state) {
  const long live = live_allocations();
  uv_loop_t other;
  assert_int_equal(uv_loop_init(&other), 0);
  assert_int_equal(avow_loop_init(&other, &steady), 0);
  for (size_t i = 0; i < BATCH; i++)
    peak[i] = avow_promise_resolve(&other, avow_none());
  for (size_t i = 0; i < BATCH - 1; i++)
    avow_unref(peak[i]);

  assert_int_equal(avow_loop_close(&other), 0);

  /* The context of the loop, its first chunk and the chunk of the promise. */
  assert_in_range(live_allocations() - live, 1, 4);
  avow_unref(peak[BATCH - 1]);
  assert_int_equal(live_allocations(), live);
  assert_int_equal(uv_loop_close(&other), 0);
}

SUITE(slab) {
  const struct CMUnitTest tests[] = {
    POOL(empty_slabs_beyond_a_reserve_are_freed),
    POOL(empty_slabs_are_freed_in_any_order),
    POOL(block_in_use_keeps_its_chunk),
    POOL(repeated_batches_allocate_nothing),
    POOL(empty_slabs_in_a_busy_chunk_become_vacant),
    POOL(vacant_slabs_are_reused),
    POOL(shrinking_keeps_no_empty_slabs),
    POOL(repeated_peaks_keep_their_slabs),
    POOL(slabs_unused_for_a_second_are_freed),
    POOL(slabs_go_in_portions),
    CASE(iterations_free_unused_slabs),
    POOL(blocks_are_adjacent_after_a_peak),
    POOL(each_skips_slabs_freed_after_a_peak),
    POOL(each_may_free_all_of_a_peak),
    CASE(closed_loop_keeps_the_memory_of_its_promises),
  };
  return RUN(tests);
}
