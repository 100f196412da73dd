/* SPDX-License-Identifier: MIT */
/* The requirements of tests on libuv's thread pool, for the simulated pool,
   which has no threads. A job does all its work at once when the simulated time
   of a loop advances. */
#include "sim/thread_pool.h"
#include "sim/world.h"
#include "thread_pool.h"

static int held;

void pool_init(void) {
}

static void asks_for_threads(void) {
  skip_because("jobs of a simulated pool cannot be held");
}

void wait_in_pool(void) {
  asks_for_threads();
}

void meet_in_pool(void) {
  asks_for_threads();
}

void release_pool_threads(void) {
  asks_for_threads();
}

static void free_work(uv_work_t *req, int status) {
  free(req);
}

void queue_work(uv_work_cb work) {
  uv_work_t *req = malloc(sizeof(*req));
  assert_non_null(req);
  assert_int_equal(uv_queue_work(loop, req, work, free_work), 0);
}

void hold_pool(int threads) {
  sim_world.working += (unsigned) threads;
  held += threads;
}

static void no_work(uv_work_t *req) {
}

/* Each job that ends starts the next one. */
void release_pool(void) {
  sim_world.working -= (unsigned) held;
  for (; held > 0; held--)
    queue_work(no_work);
}

void wait_until_taken(void) {
  if (loop->active_reqs.count > 0)
    asks_for_threads();
}

avow_promise_t *queued_in_a_turn(start_fn start) {
  hold_pool(THREADS);
  avow_promise_t *p = start();
  (void) uv_run(loop, UV_RUN_NOWAIT); /* not 0: jobs are queued */
  return p;
}

avow_promise_t *taken_in_a_turn(start_fn start) {
  asks_for_threads();
  return NULL;
}

avow_promise_t *done_but_not_received(start_fn start) {
  asks_for_threads();
  return NULL;
}

avow_promise_t *done_next(start_fn start) {
  asks_for_threads();
  return NULL;
}

bool kernel_does_files(void) {
  return false;
}
