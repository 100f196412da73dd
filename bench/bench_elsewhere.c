/* SPDX-License-Identifier: MIT */
/*
 * What does it cost to run a function on another loop and to receive its
 * result? `n` runs are pending all the time: each result starts the next run.
 *
 * The floor consists of two loops. Each has a queue of blocks under a mutex and
 * a uv_async_t, which is sent when the queue was empty. A block travels to the
 * other loop and back.
 */
#include "bench.h"

#include <stdlib.h>

static avow_loops_t *loops;
static size_t to_begin; /* runs or blocks that are still to start */

static avow_value_t answer(uv_loop_t *own, void *data) {
  return avow_int(1);
}

static void begin(void);

static avow_value_t on_answer(const avow_value_t *arg, void *data) {
  bench_calls += (uint64_t) avow_to_int(arg);
  if (to_begin > 0)
    begin();
  return avow_none();
}

static void begin(void) {
  to_begin--;
  avow_promise_t *p = avow_loops_run(loops, 0, bench_loop, answer, NULL);
  avow_unref(avow_then(p, on_answer, on_answer, NULL));
}

static uint64_t run(size_t n, size_t rounds) {
  const uint64_t calls = bench_calls;
  loops = avow_loops_new(1);
  to_begin = n * rounds;
  const uint64_t start = uv_hrtime();
  for (size_t i = 0; i < n; i++)
    begin();
  bench_drain();
  const uint64_t elapsed = uv_hrtime() - start;
  avow_value_unref(avow_run(avow_loops_close(loops, bench_loop)));
  bench_require(bench_calls - calls == n * rounds, "each answer comes once");
  return elapsed;
}

typedef struct block_s block_t;

struct block_s {
  block_t *next;
  avow_value_t value;
};

typedef struct {
  uv_async_t async;
  uv_mutex_t mutex;
  block_t *first, **last;
} box_t;

static box_t here, there;
static uv_loop_t other;
static size_t to_come;
static block_t last_one; /* ends the other loop */

static void box_open(box_t *box, uv_loop_t *loop, uv_async_cb cb) {
  bench_require(uv_mutex_init(&box->mutex) == 0, "uv_mutex_init()");
  bench_require(uv_async_init(loop, &box->async, cb) == 0, "uv_async_init()");
  box->first = NULL;
  box->last = &box->first;
}

static void box_close(box_t *box) {
  uv_close((uv_handle_t *) &box->async, NULL);
}

static void box_send(box_t *box, block_t *block) {
  block->next = NULL;
  uv_mutex_lock(&box->mutex);
  const bool was_empty = box->first == NULL;
  *box->last = block;
  box->last = &block->next;
  if (was_empty)
    (void) uv_async_send(&box->async); /* fails only for other handle types */
  uv_mutex_unlock(&box->mutex);
}

static block_t *box_take(box_t *box) {
  uv_mutex_lock(&box->mutex);
  block_t *first = box->first;
  box->first = NULL;
  box->last = &box->first;
  uv_mutex_unlock(&box->mutex);
  return first;
}

static void come_there(uv_async_t *async) {
  block_t *next;
  for (block_t *block = box_take(&there); block != NULL; block = next) {
    next = block->next;
    block->value = answer(&other, NULL);
    if (block == &last_one)
      box_close(&there);
    else
      box_send(&here, block);
  }
}

static void come_here(uv_async_t *async) {
  block_t *next;
  for (block_t *block = box_take(&here); block != NULL; block = next) {
    next = block->next;
    bench_calls += (uint64_t) avow_to_int(&block->value);
    if (to_begin > 0) {
      to_begin--;
      box_send(&there, block);
    }
    if (--to_come == 0)
      box_close(&here);
  }
}

static void run_other(void *data) {
  (void) uv_run(&other, UV_RUN_DEFAULT); /* until its box is closed */
}

static uint64_t time_blocks(block_t *blocks, size_t n) {
  const uint64_t start = uv_hrtime();
  for (size_t i = 0; i < n; i++)
    box_send(&there, &blocks[i]);
  bench_drain();
  return uv_hrtime() - start;
}

static uint64_t by_hand(size_t n, size_t rounds) {
  block_t *blocks = calloc(n, sizeof(block_t));
  bench_require(blocks != NULL, "memory for blocks");
  bench_require(uv_loop_init(&other) == 0, "uv_loop_init()");
  box_open(&here, bench_loop, come_here);
  box_open(&there, &other, come_there);
  uv_thread_t thread;
  bench_require(uv_thread_create(&thread, run_other, NULL) == 0,
                "uv_thread_create()");
  to_come = n * rounds;
  to_begin = to_come - n;
  const uint64_t elapsed = time_blocks(blocks, n);
  box_send(&there, &last_one);
  (void) uv_thread_join(&thread); /* it was created */
  bench_require(uv_loop_close(&other) == 0, "uv_loop_close()");
  uv_mutex_destroy(&here.mutex);
  uv_mutex_destroy(&there.mutex);
  free(blocks);
  return elapsed;
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "run on another loop", 1, run, by_hand, 0, 1.5 },
    { "run on another loop", 64, run, by_hand, 0, 1.5 },
    { "run on another loop", 1000, run, by_hand, 0, 1.5 },
    { "run on another loop, later", 1000, run, by_hand, 0, 1.5 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
