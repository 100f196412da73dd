/* SPDX-License-Identifier: MIT */
/*
 * The cost of settling a promise from other threads. Promises, handlers
 * and the blocks of the floor are created in advance. The measured part begins
 * when the threads may start and ends with the last handler. With k threads,
 * each one settles every kth promise, so that neighbors settle at different
 * times. The last cases repeat the first ones and show the effect of scattered
 * memory.
 *
 * The floor is a queue of blocks under a mutex. uv_async_send() is called when
 * the queue was empty. Each block has a value and a callback that receives it.
 */
#include <stdlib.h>

#include "bench.h"

typedef struct node_s node_t;

struct node_s {
  node_t *next;
  avow_cb cb;
  void *data;
  avow_value_t value;
  char rest[24];
};

_Static_assert(sizeof(node_t) == 64, "one cache line");

static size_t count; /* promises or blocks in a round */
static node_t *nodes;
static avow_remote_t **remotes;

enum { MOST = 4 };

typedef struct {
  uv_thread_t thread;
  uv_sem_t may_begin;
  size_t first; /* index of its first promise */
} producer_t;

static size_t producers; /* number of threads */
static producer_t all[MOST];
static void (*settle)(size_t i);
static volatile bool over;

static void thread_main(void *data) {
  producer_t *producer = data;
  for (;;) {
    uv_sem_wait(&producer->may_begin);
    if (over)
      return;
    for (size_t i = producer->first; i < count; i += producers)
      settle(i);
  }
}

static void threads_start(void (*fn)(size_t i)) {
  settle = fn;
  over = false;
  for (size_t i = 0; i < producers; i++) {
    all[i].first = i;
    bench_require(uv_sem_init(&all[i].may_begin, 0) == 0, "uv_sem_init()");
    bench_require(uv_thread_create(&all[i].thread, thread_main, &all[i]) == 0,
                  "uv_thread_create()");
  }
}

static uint64_t time_threads(void) {
  const uint64_t start = uv_hrtime();
  for (size_t i = 0; i < producers; i++)
    uv_sem_post(&all[i].may_begin);
  bench_drain();
  return uv_hrtime() - start;
}

static void threads_end(void) {
  over = true;
  for (size_t i = 0; i < producers; i++) {
    uv_sem_post(&all[i].may_begin);
    (void) uv_thread_join(&all[i].thread); /* it was created */
    uv_sem_destroy(&all[i].may_begin);
  }
}

static uv_async_t async;
static uv_mutex_t mutex;
static node_t *queue, **queue_end = &queue;
static uint64_t delivered;

static void deliver_nodes(uv_async_t *handle) {
  uv_mutex_lock(&mutex);
  node_t *node = queue;
  queue = NULL;
  queue_end = &queue;
  uv_mutex_unlock(&mutex);
  for (; node != NULL; node = node->next) {
    node->value = node->cb(&node->value, node->data);
    delivered++;
  }
  if (delivered == count)
    uv_unref((uv_handle_t *) handle); /* ends the run of the loop */
}

static void send_node(size_t i) {
  node_t *node = &nodes[i];
  uv_mutex_lock(&mutex);
  const bool was_empty = queue == NULL;
  node->value = avow_int((int64_t) i);
  node->next = NULL;
  *queue_end = node;
  queue_end = &node->next;
  if (was_empty)
    (void) uv_async_send(&async); /* fails only for other handle types */
  uv_mutex_unlock(&mutex);
}

static uint64_t time_nodes(void) {
  for (size_t i = 0; i < count; i++)
    nodes[i] = (node_t){ .cb = bench_count };
  delivered = 0;
  uv_ref((uv_handle_t *) &async);
  return time_threads();
}

static uint64_t by_hand(size_t threads, size_t n, size_t rounds) {
  count = n;
  producers = threads;
  nodes = aligned_alloc(sizeof(node_t), n * sizeof(node_t));
  bench_require(nodes != NULL, "memory for blocks");
  bench_require(uv_mutex_init(&mutex) == 0, "uv_mutex_init()");
  bench_require(uv_async_init(bench_loop, &async, deliver_nodes) == 0,
                "uv_async_init()");
  threads_start(send_node);
  uint64_t elapsed = 0;
  for (size_t round = 0; round < rounds; round++)
    elapsed += time_nodes();
  threads_end();
  uv_close((uv_handle_t *) &async, NULL);
  bench_drain();
  uv_mutex_destroy(&mutex);
  free(nodes);
  return elapsed;
}

static void send_remote(size_t i) {
  /* This cannot fail, because the loop is open. */
  (void) avow_remote_resolve(remotes[i], avow_int((int64_t) i));
}

static uint64_t time_remotes(void) {
  for (size_t i = 0; i < count; i++) {
    avow_promise_t *p = avow_remote_new(bench_loop, &remotes[i]);
    avow_unref(avow_then(p, bench_count, NULL, NULL));
  }
  return time_threads();
}

static uint64_t remote(size_t threads, size_t n, size_t rounds) {
  const uint64_t calls = bench_calls;
  count = n;
  producers = threads;
  remotes = calloc(n, sizeof(avow_remote_t *));
  bench_require(remotes != NULL, "memory for remotes");
  threads_start(send_remote);
  uint64_t elapsed = 0;
  for (size_t round = 0; round < rounds; round++)
    elapsed += time_remotes();
  threads_end();
  free(remotes);
  bench_require(bench_calls - calls == n * rounds, "each handler runs once");
  return elapsed;
}

#define OF(threads)                                           \
  static uint64_t remote_##threads(size_t n, size_t rounds) { \
    return remote(threads, n, rounds);                        \
  }                                                           \
  static uint64_t queue_##threads(size_t n, size_t rounds) {  \
    return by_hand(threads, n, rounds);                       \
  }

OF(1)
OF(2)
OF(4)

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "settled by another thread", 1000, remote_1, queue_1, 0, 1.3 },
    { "settled by another thread", 100000, remote_1, queue_1, 0, 1.3 },
    { "settled by 2 threads", 1000, remote_2, queue_2, 0, 1.3 },
    { "settled by 2 threads", 100000, remote_2, queue_2, 0, 1.3 },
    { "settled by 4 threads", 1000, remote_4, queue_4, 0, 1.3 },
    { "settled by 4 threads", 100000, remote_4, queue_4, 0, 1.3 },
    { "settled by 4 threads, later", 100000, remote_4, queue_4, 0, 1.3 },
    { "settled by another thread, later", 1000, remote_1, queue_1, 0, 1.3 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
