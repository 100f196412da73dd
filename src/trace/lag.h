/* SPDX-License-Identifier: MIT */
/*
 * How long the iterations of a loop take, while somebody wants to know: from
 * the first look behind the poll to the next poll. So long at most has waited
 * what came meanwhile.
 */
#ifndef AVOW_LAG_H
#define AVOW_LAG_H

#include "engine/extension.h"

/* Microseconds are counted by their power of two, in so many steps each: what
   is told of them is an eighth too much at most. */
enum { AVOW__LAG_STEPS = 8, AVOW__LAG_BUCKETS = AVOW__LAG_STEPS * 30 };

typedef struct avow__lag_s {
  avow__extension_t extension;
  uv_check_t
      back; /* for the iterations in which nothing of ours is called back */
  uint64_t since;  /* uv_hrtime() at that look; 0: none, or the turn is over */
  uint64_t polled; /* uv_hrtime() when it went there */
  uint64_t iterations;
  uint64_t longest; /* us */
  uint64_t counts[AVOW__LAG_BUCKETS];
} avow__lag_t;

/* Counts a turn. */
void avow__lag_note(avow__lag_t *lag, uint64_t us);

/* What so many of 100 iterations did not exceed. */
uint64_t avow__lag_at(const avow__lag_t *lag, unsigned percent);

#endif
