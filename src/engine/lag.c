/* SPDX-License-Identifier: MIT */
/*
 * The lag of a loop: a histogram of how long its turns take. The clock is read
 * twice a turn: before the poll, in the handle that tick.c has there, and when
 * the first callback of ours is called behind it, or at last in a handle of our
 * own. What the program was called back for before that is known by the time
 * that libuv keeps, to a millisecond.
 */
#include "engine/lag.h"

#include <string.h>

#include "engine/layer.h"
#include "engine/owner.h"

static const avow__part_t lag_part;

enum { LAG_US = 1000, LAG_MS = 1000 * LAG_US, EXACT_BITS = 3 };

/* Below this each number has a bucket of its own. */
enum { FINE = 2 * AVOW__LAG_STEPS };

_Static_assert(AVOW__LAG_STEPS == 1 << EXACT_BITS, "as many steps as bits say");

/* Below AVOW__LAG_STEPS each has a bucket of its own. */
static size_t bucket_of(uint64_t us) {
  unsigned shift = 0;
  us = us < UINT32_MAX ? us : UINT32_MAX;
  while (us >> shift >= FINE)
    shift++;
  return (size_t) shift * AVOW__LAG_STEPS + (size_t) (us >> shift);
}

/* The most that is counted there. */
static uint64_t most_in(size_t bucket) {
  if (bucket < FINE)
    return bucket;
  const unsigned shift = (unsigned) (bucket / AVOW__LAG_STEPS) - 1;
  const uint64_t step = AVOW__LAG_STEPS + bucket % AVOW__LAG_STEPS;
  return ((step + 1) << shift) - 1;
}

void avow__lag_note(avow__lag_t *lag, uint64_t us) {
  lag->turns++;
  lag->counts[bucket_of(us)]++;
  if (us > lag->longest)
    lag->longest = us;
}

uint64_t avow__lag_at(const avow__lag_t *lag, unsigned percent) {
  const uint64_t rank =
      lag->turns / 100 * percent + (lag->turns % 100 * percent + 99) / 100;
  uint64_t passed = 0;
  size_t bucket = 0;
  while (bucket < AVOW__LAG_BUCKETS - 1 &&
         (passed += lag->counts[bucket]) < rank)
    bucket++;
  return most_in(bucket) < lag->longest ? most_in(bucket) : lag->longest;
}

/* When the loop came back from its poll, which libuv notes in whole
   milliseconds. What it notes may be older than the poll. */
static uint64_t came_back(const avow__context_t *c) {
  const uint64_t now = uv_hrtime();
  uint64_t noted = (uv_now(c->loop) + 1) * LAG_MS;
  if (noted < c->lag.polled)
    noted = c->lag.polled;
  return noted < now ? noted : now;
}

void avow__lag_look(avow__context_t *c) {
  c->lag.armed = false;
  c->lag.since = came_back(c);
}

static void lag_end(avow__lag_t *lag, uint64_t now) {
  if (lag->since != 0 && lag->since <= now)
    avow__lag_note(lag, (now - lag->since) / LAG_US);
  lag->since = 0;
}

void avow__lag_poll(avow__context_t *c) {
  const uint64_t now = uv_hrtime();
  lag_end(&c->lag, now);
  c->lag.polled = now;
  c->lag.armed = true;
}

void avow__lag_leave(avow__context_t *c) {
  if (c->lag.since != 0)
    lag_end(&c->lag, uv_hrtime());
  c->lag.armed = false;
}

static void lag_on_back(uv_check_t *handle) {
  avow__context_t *c = handle->data;
  if (c->lag.armed)
    avow__lag_look(c);
  if (!uv_loop_alive(c->loop))
    avow__lag_leave(c);
}

/* For the first time on this loop. */
static void lag_start(avow__context_t *c) {
  uv_check_t *back = &c->lag.back;
  (void) uv_check_init(c->loop, back);      /* cannot fail */
  (void) uv_check_start(back, lag_on_back); /* fails on no callback only */
  uv_unref((uv_handle_t *) back);
  back->data = c;
  c->lag.on = true;
  c->parts[AVOW__PART_LAG] = &lag_part;
}

void avow_loop_measure(uv_loop_t *loop) {
  avow__context_t *c = avow__context_of(loop);
  avow__lag_t *lag = &c->lag;
  avow__check_thread(c);
  if (c->life != AVOW__OPEN)
    return;
  if (!lag->on)
    lag_start(c);
  lag->turns = lag->longest = lag->since = 0;
  memset(lag->counts, 0, sizeof(lag->counts));
  c->slow_jobs = c->longest_job = 0;
}

static void lag_close(avow__context_t *c) {
  if (!c->lag.on)
    return;
  c->lag.on = c->lag.armed = false;
  c->lag.since = 0;
  avow__close_own(c, (uv_handle_t *) &c->lag.back);
}

static const avow__part_t lag_part = { .close = lag_close };
