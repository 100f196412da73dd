/*
 * Jobs: a function that a thread of libuv's pool runs, with the promise that
 * settles with what it returns. A job owns all that its function uses, and
 * lives until the pool is done with it, whatever becomes of the promise.
 */
#ifndef AVOW_WORK_PRIVATE_H
#define AVOW_WORK_PRIVATE_H

#include "io/op.h"

typedef struct avow__job_s avow__job_t;

struct avow__job_s {
  avow__op_t op;
  uv_work_t req;
  /* On the pool's thread: gives a value or an error. Must not touch promises.
     Never called if the job was cancelled before its turn. */
  avow_value_t (*run)(avow__job_t *job);
  /* On the loop's thread, once, after run or in its place: lets go of what the
     job holds. NULL for nothing. The job itself is freed after it. */
  void (*end)(avow__job_t *job);
  avow_value_t result;  /* the thread's while it runs */
  atomic_bool unwanted; /* cancelled while it runs: a long one may stop */
};

/* A zeroed job of size bytes, which begins with an avow__job_t; its promise in
   *out. NULL without memory, with the rejection in *out. */
void *avow__job_new(uv_loop_t *loop, size_t size, avow_promise_t **out);

/* Queues it. Cancelling takes it off the queue, or drops what it will give. */
void avow__job_start(avow__job_t *job);

/* Has cancelling wait for the end of what runs. */
void avow__job_hold(avow__job_t *job);

/* Whether nobody waits for it any more: asked between the parts of a long one,
   on the pool's thread. */
static inline bool avow__job_is_unwanted(const avow__job_t *job) {
  return atomic_load_explicit(&job->unwanted, memory_order_relaxed);
}

#endif
