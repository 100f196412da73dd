/* SPDX-License-Identifier: MIT */
/*
 * A chore: a function that a thread of libuv's pool runs, with the promise that
 * settles with what it returns. It owns all that its function uses, and lives
 * until the pool is done with it, whatever becomes of the promise.
 */
#ifndef AVOW_WORK_PRIVATE_H
#define AVOW_WORK_PRIVATE_H

#include "uv/op.h"

typedef struct avow__chore_s avow__chore_t;

struct avow__chore_s {
  avow__op_t op;
  uv_work_t req;
  /* On the pool's thread: gives a value or an error. Must not touch promises.
     Never called if the chore was cancelled before its turn. */
  avow_value_t (*run)(avow__chore_t *chore);
  /* On the loop's thread, once, after run or in its place: lets go of what the
     chore holds. NULL for nothing. The chore itself is freed after it. */
  void (*end)(avow__chore_t *chore);
  avow_value_t result;  /* the thread's while it runs */
  atomic_bool unwanted; /* cancelled while it runs: a long one may stop */
};

/* A zeroed chore of size bytes, which begins with an avow__chore_t; its promise
   in *out. NULL without memory, with the rejection in *out. */
void *avow__chore_new(uv_loop_t *loop, size_t size, avow_promise_t **out);

/* Queues it. Cancelling takes it off the queue, or drops what it will give. */
void avow__chore_start(avow__chore_t *chore);

/* Whether nobody waits for it any more: asked between the parts of a long one,
   on the pool's thread. */
static inline bool avow__chore_is_unwanted(const avow__chore_t *chore) {
  return atomic_load_explicit(&chore->unwanted, memory_order_relaxed);
}

#endif
