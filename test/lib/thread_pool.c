/* SPDX-License-Identifier: MIT */
#include "thread_pool.h"

#ifndef _WIN32
#  include <poll.h>
#endif

static uv_sem_t arrived; /* a job of the pool began */
static uv_sem_t gate;    /* the job may end */
static int held;

void pool_init(void) {
  (void) setenv("UV_THREADPOOL_SIZE", "4", 1);
  (void) uv_sem_init(&arrived, 0);
  (void) uv_sem_init(&gate, 0);
}

void wait_in_pool(void) {
  uv_sem_post(&arrived);
  uv_sem_wait(&gate);
}

void meet_in_pool(void) {
  uv_sem_wait(&arrived);
}

void run_until_met(void) {
  while (uv_sem_trywait(&arrived) != 0)
    (void) uv_run(loop, UV_RUN_NOWAIT);
}

void release_pool_threads(void) {
  uv_sem_post(&gate);
}

static void hold_work(uv_work_t *req) {
  wait_in_pool();
}

static void pass_work(uv_work_t *req) {
  uv_sem_post(&arrived);
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
  for (; threads > 0; threads--, held++) {
    queue_work(hold_work);
    meet_in_pool();
  }
}

void release_pool(void) {
  for (; held > 0; held--)
    release_pool_threads();
}

void wait_until_taken(void) {
  queue_work(pass_work);
  meet_in_pool();
}

avow_promise_t *queued_in_a_turn(start_fn start) {
  hold_pool(THREADS);
  avow_promise_t *p = start();
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the held job keeps the loop alive */
  return p;
}

avow_promise_t *taken_in_a_turn(start_fn start) {
  avow_promise_t *p = queued_in_a_turn(start);
  release_pool();
  wait_until_taken();
  return p;
}

avow_promise_t *done_but_not_received(start_fn start) {
  hold_pool(THREADS - 1);
  avow_promise_t *p = start();
  wait_until_taken();
  release_pool();
  return p;
}

/* The completion makes the descriptor of the loop readable. */
static void wait_for_word(void) {
#ifdef _WIN32
  wait_until_taken(); /* and completed: the pool has one thread */
#else
  struct pollfd fd = { .fd = uv_backend_fd(loop), .events = POLLIN };
  while (poll(&fd, 1, -1) < 1)
    ; /* a signal interrupted poll() */
#endif
}

avow_promise_t *done_next(start_fn start) {
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the loop may not have polled yet */
  avow_promise_t *p = start();
  wait_for_word();
  return p;
}

static void end_stat(uv_fs_t *req) {
  uv_fs_req_cleanup(req);
}

static bool takes_stat_back(void) {
  uv_fs_t req;
  hold_pool(THREADS);
  assert_int_equal(uv_fs_stat(loop, &req, ".", end_stat), 0);
  const int err = uv_cancel((uv_req_t *) &req);
  release_pool();
  assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
  return err == 0;
}

bool kernel_does_files(void) {
  uv_loop_t own;
  uv_loop_t *before = loop;
  assert_int_equal(start_loop(&own), 0);
  loop = &own;
  const bool pool_does = takes_stat_back();
  loop = before;
  assert_int_equal(uv_loop_close(&own), 0);
  return !pool_does;
}
