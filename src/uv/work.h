/* SPDX-License-Identifier: MIT */
/*
 * A chore: a function that runs on a thread of the pool, and the promise that
 * settles with its result. A chore owns all data that its function uses. It
 * lives until the pool is done with it, even if the promise is canceled.
 */
#ifndef AVOW_WORK_PRIVATE_H
#define AVOW_WORK_PRIVATE_H

#include "uv/op.h"

typedef struct avow__chore_s avow__chore_t;

struct avow__chore_s {
  avow__op_t op;
  uv_work_t req;
  /* Runs on the pool's thread and returns a value or an error. Must not use
     promises. Never called if the chore was canceled before it started. */
  avow_value_t (*run)(avow__chore_t *chore);
  /* Called once on the loop's thread, after run() or instead of it, to release
     the chore's data. May be NULL. The chore is freed after it. */
  void (*end)(avow__chore_t *chore);
  avow_value_t result;  /* belongs to the thread while it runs */
  atomic_bool unwanted; /* canceled while it runs; run() may stop early */
};

/* Makes a zeroed chore of `size` bytes, which begins with an avow__chore_t;
   `*out` is its promise. NULL if out of memory, with the rejection in `*out`.
 */
void *avow__chore_new(uv_loop_t *loop, size_t size, avow_promise_t **out);

/* Queues the chore. Cancellation removes it from the queue or discards its
   result. */
void avow__chore_start(avow__chore_t *chore);

/* Whether the promise was canceled. A long chore checks this between steps, on
   the pool's thread. */
static inline bool avow__chore_is_unwanted(const avow__chore_t *chore) {
  return atomic_load_explicit(&chore->unwanted, memory_order_relaxed);
}

#endif
