/* SPDX-License-Identifier: MIT */
/*
 * The lag of a loop: a histogram of how long its iterations take. The clock is
 * read twice in each iteration. The first reading is before the poll, in the
 * handle of tick.c. The second is after the poll, in the first callback of
 * avow. If avow gets no callback, a check handle of this file reads the clock.
 * Earlier callbacks of the program are covered by libuv's time, which is exact
 * to a millisecond.
 */
#include "trace/lag.h"

#include <string.h>

#include "avow/trace.h"
#include "engine/check_thread.h"

enum { LAG_EXTENSION = 5 };

enum { LAG_US = 1000, LAG_MS = 1000 * LAG_US, EXACT_BITS = 3 };

/* Below this value, each number has a bucket of its own. */
enum { FINE = 2 * AVOW__LAG_STEPS };

_Static_assert(AVOW__LAG_STEPS == 1 << EXACT_BITS, "as many steps as bits say");

static size_t bucket_of(uint64_t us) {
  unsigned shift = 0;
  us = us < UINT32_MAX ? us : UINT32_MAX;
  while (us >> shift >= FINE)
    shift++;
  return (size_t) shift * AVOW__LAG_STEPS + (size_t) (us >> shift);
}

/* Returns the largest value of a bucket. */
static uint64_t most_in(size_t bucket) {
  if (bucket < FINE)
    return bucket;
  const unsigned shift = (unsigned) (bucket / AVOW__LAG_STEPS) - 1;
  const uint64_t step = AVOW__LAG_STEPS + bucket % AVOW__LAG_STEPS;
  return ((step + 1) << shift) - 1;
}

void avow__lag_note(avow__lag_t *lag, uint64_t us) {
  lag->iterations++;
  lag->counts[bucket_of(us)]++;
  if (us > lag->longest)
    lag->longest = us;
}

uint64_t avow__lag_at(const avow__lag_t *lag, unsigned percent) {
  const uint64_t rank = lag->iterations / 100 * percent +
                        (lag->iterations % 100 * percent + 99) / 100;
  uint64_t passed = 0;
  size_t bucket = 0;
  while (bucket < AVOW__LAG_BUCKETS - 1 &&
         (passed += lag->counts[bucket]) < rank)
    bucket++;
  return most_in(bucket) < lag->longest ? most_in(bucket) : lag->longest;
}

static avow__lag_t *lag_of(const avow__context_t *c) {
  return (avow__lag_t *) c->extensions[LAG_EXTENSION];
}

/* Returns when the loop came back from its poll. libuv records this time in
   whole milliseconds, and its record may be older than the poll. */
static uint64_t came_back(const avow__context_t *c) {
  const uint64_t now = uv_hrtime();
  uint64_t noted = (uv_now(c->loop) + 1) * LAG_MS;
  if (noted < lag_of(c)->polled)
    noted = lag_of(c)->polled;
  return noted < now ? noted : now;
}

static void lag_look(avow__context_t *c) {
  c->wants_enter = false;
  lag_of(c)->since = came_back(c);
}

static void lag_end(avow__lag_t *lag, uint64_t now) {
  if (lag->since != 0 && lag->since <= now)
    avow__lag_note(lag, (now - lag->since) / LAG_US);
  lag->since = 0;
}

static void lag_poll(avow__context_t *c) {
  const uint64_t now = uv_hrtime();
  lag_end(lag_of(c), now);
  lag_of(c)->polled = now;
  c->wants_enter = true;
}

/* Ends the measurement, because the loop stops or has nothing more to do. */
static void lag_leave(avow__context_t *c) {
  if (lag_of(c)->since != 0)
    lag_end(lag_of(c), uv_hrtime());
  c->wants_enter = false;
}

static void lag_on_back(uv_check_t *handle) {
  avow__context_t *c = handle->data;
  if (c->wants_enter)
    lag_look(c);
  if (!uv_loop_alive(c->loop))
    lag_leave(c);
}

/* Called for the first measurement of a loop. */
static void lag_start(avow__context_t *c, uv_check_t *back) {
  static const avow__iteration_hooks_t hooks = { .before_poll = lag_poll,
                                                 .on_enter = lag_look,
                                                 .on_stop = lag_leave };
  (void) uv_check_init(c->loop, back);      /* cannot fail */
  (void) uv_check_start(back, lag_on_back); /* fails only without a callback */
  uv_unref((uv_handle_t *) back);
  back->data = c;
  c->iteration_hooks = &hooks;
}

static void lag_close(avow__context_t *c) {
  if (c->iteration_hooks == NULL)
    return;
  c->iteration_hooks = NULL;
  c->wants_enter = false;
  avow__close_own(c, (uv_handle_t *) &lag_of(c)->back);
}

static void lag_figures(avow__context_t *c, avow_stats_t *stats) {
  const avow__lag_t *lag = lag_of(c);
  stats->iterations = lag->iterations;
  stats->lag_median = avow__lag_at(lag, 50);
  stats->lag_p99 = avow__lag_at(lag, 99);
  stats->lag_max = lag->longest;
}

int avow_loop_measure(uv_loop_t *loop) {
  static const avow__subsystem_t subsystem = { .close = lag_close,
                                               .figures = lag_figures };
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  if (c->life != AVOW__OPEN)
    return UV_ECANCELED;
  avow__lag_t *lag =
      avow__extension_open(c, LAG_EXTENSION, &subsystem, sizeof(avow__lag_t));
  if (lag == NULL)
    return UV_ENOMEM;
  if (c->iteration_hooks == NULL)
    lag_start(c, &lag->back);
  lag->iterations = lag->longest = lag->since = 0;
  memset(lag->counts, 0, sizeof(lag->counts));
  c->slow_jobs = c->longest_job = 0;
  return 0;
}
