/* SPDX-License-Identifier: MIT */
/* A queue of jobs, written by hand. Its memory is never freed. */
#include "floor.h"

#include <stdlib.h>

#include "bench.h"

typedef struct block_s block_t;

struct block_s {
  block_t *next, *prev; /* in the queue; free blocks use only next */
  block_t *then;        /* queued after this one has run */
  avow_cb cb;
  void *data;
  avow_value_t value;
  char rest[8];
};

_Static_assert(sizeof(block_t) == 64, "one cache line");

enum { SLAB = 4096 };

static block_t *unused;
static block_t queue = { .next = &queue, .prev = &queue };

static void add_slab(void) {
  block_t *slab = aligned_alloc(sizeof(block_t), SLAB * sizeof(block_t));
  bench_require(slab != NULL, "memory for the floor");
  for (size_t i = SLAB; i-- > 0;) {
    slab[i].next = unused;
    unused = &slab[i];
  }
}

/* Exported functions of a library are called, never inlined into the caller.
   The floor does the same. */
#ifdef __GNUC__
#  define EXPORTED __attribute__((noinline))
#else
#  define EXPORTED
#endif

static EXPORTED block_t *new_job(avow_cb cb, void *data, avow_value_t v) {
  if (unused == NULL)
    add_slab();
  block_t *block = unused;
  unused = block->next;
  block->then = NULL;
  block->cb = cb;
  block->data = data;
  block->value = v;
  return block;
}

static inline void append(block_t *block) {
  block->next = &queue;
  block->prev = queue.prev;
  queue.prev->next = block;
  queue.prev = block;
}

static EXPORTED void post(block_t *block) {
  append(block);
}

static inline block_t *remove_first(void) {
  block_t *block = queue.next;
  block->next->prev = block->prev;
  block->prev->next = block->next;
  return block;
}

static inline void put_back(block_t *block) {
  block->next = unused;
  unused = block;
}

static inline void run(block_t *block) {
  const avow_value_t v = block->cb(&block->value, block->data);
  if (block->then != NULL) {
    block->then->value = v;
    append(block->then);
  }
  put_back(block);
}

static EXPORTED void run_all(void) {
  while (queue.next != &queue)
    run(remove_first());
}

uint64_t floor_queue(size_t n, size_t rounds) {
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < n; i++)
      post(new_job(bench_count, NULL, avow_int((int64_t) i)));
    run_all();
  }
  return bench_clock() - start;
}

uint64_t floor_chain(size_t n, size_t rounds) {
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    block_t *tail = new_job(bench_count, NULL, avow_int(1));
    post(tail);
    for (size_t i = 1; i < n; i++)
      tail = tail->then = new_job(bench_count, NULL, avow_none());
    run_all();
  }
  return bench_clock() - start;
}

static avow_value_t post_next(const avow_value_t *arg, void *data) {
  size_t *left = data;
  bench_calls++;
  if (--*left > 0)
    post(new_job(post_next, left, *arg));
  return *arg;
}

uint64_t floor_again(size_t n, size_t rounds) {
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    size_t left = n;
    post(new_job(post_next, &left, avow_int(1)));
    run_all();
  }
  return bench_clock() - start;
}

void floor_scatter(size_t n) {
  block_t **blocks = calloc(n, sizeof(block_t *));
  bench_require(blocks != NULL, "memory to scatter");
  for (size_t i = 0; i < n; i++)
    blocks[i] = new_job(NULL, NULL, avow_none());
  bench_shuffle((void **) blocks, n);
  for (size_t i = 0; i < n; i++)
    put_back(blocks[i]);
  free(blocks);
}
