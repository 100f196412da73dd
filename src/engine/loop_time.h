/* SPDX-License-Identifier: MIT */
/* What time it is for a program: by libuv, or by a clock of the loop's own. */
#ifndef AVOW_LOOP_TIME_H
#define AVOW_LOOP_TIME_H

#include "engine/context.h"

/* A clock of the loop's own: virtual_clock.c. */
struct avow__clock_s {
  uint64_t now;
  avow__queue_t alarms;   /* by their time, equal ones as they were set */
  avow__queue_t advances; /* that are not over, in order */
  uv_prepare_t prepare;
  uv_idle_t idle;     /* active while there are advances */
  uint64_t iteration; /* in which the last began, or moved it */
  uv_timer_t jump;    /* when to look whether the clock may move */
  uint64_t jobs;      /* that had run before the last poll */
  uint64_t since;     /* uv_now(): what holds the clock does so since then */
  uint64_t held_jobs; /* that had run by then */
  uint8_t waited;     /* what that poll waited for */
  bool held;
  bool told;           /* that it is held */
  uint64_t rings;      /* of alarms that did not move it, since it moved */
  uint64_t rung_since; /* uv_now() at the first of these */
};

/* As the loop remembers it. Never less than it was before: some machines have
   a monotonic clock that steps back. */
static inline uint64_t avow__time(avow__context_t *c) {
  if (AVOW__UNLIKELY(c->clock != NULL))
    return c->clock->now;
  const uint64_t now = uv_now(c->loop);
  if (AVOW__LIKELY(now > c->time))
    c->time = now;
  return c->time;
}

/* How long it is from then to now, on a clock that may step back. */
static inline uint64_t avow__elapsed(uint64_t then, uint64_t now) {
  return now > then ? now - then : 0;
}

/* By how many milliseconds uv_now() is behind the clock. No call of avow moves
   uv_now(): libuv before 1.48 never leaves a pass over its timers in which a
   callback moves it and a repeating timer is short. */
static inline uint64_t avow__time_behind(const uv_loop_t *loop) {
  enum { NS_PER_MS = 1000000 };
  return avow__elapsed(uv_now(loop), uv_hrtime() / NS_PER_MS);
}

/* What limits count from: never earlier than avow__time(), and it never goes
   back. */
static inline uint64_t avow__present(avow__context_t *c) {
  if (AVOW__UNLIKELY(c->clock != NULL))
    return c->clock->now;
  const uint64_t now = avow__time(c) + avow__time_behind(c->loop);
  if (AVOW__LIKELY(now > c->present))
    c->present = now;
  return c->present;
}

#endif
