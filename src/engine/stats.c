/* SPDX-License-Identifier: MIT */
/*
 * The figures of a loop. Some are counted as they change, and some when the
 * program asks.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/settle.h"
#include "engine/subsystems.h"

enum { MOST_FIGURES = 128 }; /* no version has more figures */

enum { POOL = 4, POOL_MAX = 1024 }; /* threads in the pool of libuv */

static void stats_count_one(avow_promise_t *p, void *data) {
  avow_stats_t *stats = data;
  stats->live++;
  if (avow__is_pending(p))
    stats->pending++;
}

/* Whether the size is that of the figures of this or another version. Any other
   size is that of a pointer, or a difference below 0. */
static bool is_size_of_figures(size_t size) {
  return size > sizeof(uint64_t) && size % sizeof(uint64_t) == 0 &&
         size / sizeof(uint64_t) <= MOST_FIGURES;
}

static bool have_place(const avow_stats_t *out, size_t size,
                       const char *called) {
  if (out == NULL)
    avow__misuse_of_null_in("out pointer", called);
  else if (!is_size_of_figures(size))
    avow__misuse(
        "avow_loop_stats(): size is %zu, not that of avow_stats_t; pass "
        "sizeof(avow_stats_t), not the size of a pointer",
        size);
  return out != NULL && is_size_of_figures(size);
}

/* The number of threads, as libuv computes it when the pool starts. libuv does
   not report it. */
static uint32_t threads_of_pool(void) {
  char text[16];
  size_t size = sizeof(text);
  if (uv_os_getenv("UV_THREADPOOL_SIZE", text, &size) != 0)
    return POOL;
  const long n = strtol(text, NULL, 10);
  if (n < 0 || n > POOL_MAX)
    return POOL_MAX;
  return n == 0 ? 1 : (uint32_t) n;
}

static uint32_t waiting_of(uint32_t on_pool) {
  const uint32_t threads = on_pool > 0 ? threads_of_pool() : 0;
  return on_pool > threads ? on_pool - threads : 0;
}

void avow_loop_stats(uv_loop_t *loop, avow_stats_t *out, size_t size) {
  if (!have_place(out, size, AVOW__CALLED))
    return;
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  avow_stats_t stats = { .jobs = c->jobs,
                         .allocations = c->pool.allocations,
                         .requests = c->requests + c->handle_requests,
                         .on_pool = c->pool_requests,
                         .waiting = waiting_of(c->pool_requests),
                         .slow_jobs = c->slow_jobs,
                         .longest_job = c->longest_job };
  avow__subsystems_figures(c, &stats);
  avow__pool_each(&c->pool, stats_count_one, &stats);
  stats.live -= stats.live >= 2 ? 2 : stats.live; /* the context's own */
  const avow__link_t *head = &c->queue.head;
  for (const avow__link_t *link = head->next; link != head; link = link->next)
    stats.queued++;
  memset(out, 0, size);
  memcpy(out, &stats, size < sizeof(stats) ? size : sizeof(stats));
}
