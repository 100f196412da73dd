/*
 * What does it cost to settle a promise from another thread? Promises, handlers
 * and the floor's blocks are made before; timed is from the moment the other
 * thread may begin until the last handler has run.
 *
 * The floor is a queue of blocks under a mutex, with uv_async_send() when it
 * was empty: a block each with a value and a callback, which is called with it.
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

static size_t count; /* of what a round settles */
static node_t *nodes;
static avow_remote_t **remotes;

static uv_thread_t thread;
static uv_sem_t may_begin;
static void (*task)(void);
static volatile bool over;

static void thread_main(void *arg) {
  for (;;) {
    uv_sem_wait(&may_begin);
    if (over)
      return;
    task();
  }
}

static void thread_start(void (*fn)(void)) {
  task = fn;
  over = false;
  bench_require(uv_sem_init(&may_begin, 0) == 0, "uv_sem_init()");
  bench_require(uv_thread_create(&thread, thread_main, NULL) == 0,
                "uv_thread_create()");
}

static void thread_end(void) {
  over = true;
  uv_sem_post(&may_begin);
  (void) uv_thread_join(&thread); /* it was created */
  uv_sem_destroy(&may_begin);
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

static void send_nodes(void) {
  for (size_t i = 0; i < count; i++) {
    node_t *node = &nodes[i];
    uv_mutex_lock(&mutex);
    const bool was_empty = queue == NULL;
    node->value = avow_int((int64_t) i);
    node->next = NULL;
    *queue_end = node;
    queue_end = &node->next;
    if (was_empty)
      (void) uv_async_send(&async); /* fails on other handles only */
    uv_mutex_unlock(&mutex);
  }
}

static uint64_t time_nodes(void) {
  for (size_t i = 0; i < count; i++)
    nodes[i] = (node_t){ .cb = bench_count };
  delivered = 0;
  uv_ref((uv_handle_t *) &async);
  const uint64_t start = uv_hrtime();
  uv_sem_post(&may_begin);
  bench_drain();
  return uv_hrtime() - start;
}

static uint64_t mutex_queue(size_t n, size_t rounds) {
  count = n;
  nodes = aligned_alloc(sizeof(node_t), n * sizeof(node_t));
  bench_require(nodes != NULL, "memory for blocks");
  bench_require(uv_mutex_init(&mutex) == 0, "uv_mutex_init()");
  bench_require(uv_async_init(bench_loop, &async, deliver_nodes) == 0,
                "uv_async_init()");
  thread_start(send_nodes);
  uint64_t elapsed = 0;
  for (size_t round = 0; round < rounds; round++)
    elapsed += time_nodes();
  thread_end();
  uv_close((uv_handle_t *) &async, NULL);
  bench_drain();
  uv_mutex_destroy(&mutex);
  free(nodes);
  return elapsed;
}

static void send_remotes(void) {
  for (size_t i = 0; i < count; i++)
    (void) avow_remote_resolve(remotes[i], avow_int((int64_t) i)); /* in time */
}

static uint64_t time_remotes(void) {
  for (size_t i = 0; i < count; i++) {
    avow_promise_t *p = avow_remote_new(bench_loop, &remotes[i]);
    avow_unref(avow_then(p, bench_count, NULL, NULL));
  }
  const uint64_t start = uv_hrtime();
  uv_sem_post(&may_begin);
  bench_drain();
  return uv_hrtime() - start;
}

static uint64_t remote(size_t n, size_t rounds) {
  const uint64_t calls = bench_calls;
  count = n;
  remotes = calloc(n, sizeof(avow_remote_t *));
  bench_require(remotes != NULL, "memory for remotes");
  thread_start(send_remotes);
  uint64_t elapsed = 0;
  for (size_t round = 0; round < rounds; round++)
    elapsed += time_remotes();
  thread_end();
  free(remotes);
  bench_require(bench_calls - calls == n * rounds, "each handler runs once");
  return elapsed;
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "settled from another thread", 1000, remote, mutex_queue, 0, 1.6 },
    { "settled from another thread", 100000, remote, mutex_queue, 40, 1.6 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
