#include "thread_pool.h"

static uv_sem_t arrived; /* a job of the pool's began */
static uv_sem_t gate;    /* and may end */
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

void let_go_in_pool(void) {
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
    let_go_in_pool();
}

void wait_until_taken(void) {
  queue_work(pass_work);
  meet_in_pool();
}

avow_promise_t *done_unheard(start_fn start) {
  hold_pool(THREADS - 1);
  avow_promise_t *p = start();
  wait_until_taken();
  release_pool();
  return p;
}
