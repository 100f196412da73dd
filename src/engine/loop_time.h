/* SPDX-License-Identifier: MIT */
/* The time that a program sees: from libuv, or from a virtual clock. */
#ifndef AVOW_LOOP_TIME_H
#define AVOW_LOOP_TIME_H

#include "engine/context.h"

/* A virtual clock, which belongs to a loop: virtual_clock.c. */
struct avow__clock_s {
  uint64_t now;
  avow__queue_t alarms;   /* by time; of one time, as they were set */
  avow__queue_t advances; /* pending ones, in order */
  uv_prepare_t prepare;
  uv_idle_t idle;     /* active while there are advances */
  uint64_t iteration; /* in which the last advance began, or moved the clock */
  uv_timer_t jump;    /* when to check whether the clock may move */
  uint64_t jobs;      /* jobs that had run before the last poll */
  uint64_t since;     /* uv_now() when something began to hold the clock */
  uint64_t held_jobs; /* jobs that had run by then */
  uint8_t waited;     /* what that poll waited for, a wait_t */
  bool held;
  bool reported;       /* it was reported that the clock is held */
  uint64_t rings;      /* alarms since it moved, which did not move it */
  uint64_t rung_since; /* uv_now() at the first of these alarms */
};

/* The time that the loop has cached. It never goes back, although some machines
   have a monotonic clock that does. */
static inline uint64_t avow__time(avow__context_t *c) {
  if (AVOW__UNLIKELY(c->clock != NULL))
    return c->clock->now;
  const uint64_t now = uv_now(c->loop);
  if (AVOW__LIKELY(now > c->time))
    c->time = now;
  return c->time;
}

/* The time from `then` to `now`, on a clock that may go back. */
static inline uint64_t avow__elapsed(uint64_t then, uint64_t now) {
  return now > then ? now - then : 0;
}

/* The number of milliseconds by which uv_now() is behind the clock. avow never
   moves uv_now(). Before 1.48, libuv never ends its pass over timers if a
   callback moves uv_now() and a repeating timer is short. */
static inline uint64_t avow__time_behind(const uv_loop_t *loop) {
  enum { NS_PER_MS = 1000000 };
  return avow__elapsed(uv_now(loop), uv_hrtime() / NS_PER_MS);
}

/* The time that limits count from. It is never earlier than avow__time(), and
   never goes back. */
static inline uint64_t avow__present(avow__context_t *c) {
  if (AVOW__UNLIKELY(c->clock != NULL))
    return c->clock->now;
  const uint64_t now = avow__time(c) + avow__time_behind(c->loop);
  if (AVOW__LIKELY(now > c->present))
    c->present = now;
  return c->present;
}

#endif
