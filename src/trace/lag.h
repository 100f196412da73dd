/* SPDX-License-Identifier: MIT */
/*
 * Measures how long the iterations of a loop take: from the first reading after
 * the poll to the next poll. An event that arrives meanwhile waits at most this
 * long.
 */
#ifndef AVOW_LAG_H
#define AVOW_LAG_H

#include "engine/extension.h"

/* Microseconds are counted by their power of two, with a fixed number of steps
   for each power. A reported value is at most an eighth too large. */
enum { AVOW__LAG_STEPS = 8, AVOW__LAG_BUCKETS = AVOW__LAG_STEPS * 30 };

typedef struct avow__lag_s {
  avow__extension_t extension;
  uv_check_t
      back; /* reads the clock in iterations in which avow gets no callback */
  /* uv_hrtime() at the first reading; 0: none, or the iteration is over */
  uint64_t since;
  uint64_t polled; /* uv_hrtime() before the last poll */
  uint64_t iterations;
  uint64_t longest; /* us */
  uint64_t counts[AVOW__LAG_BUCKETS];
} avow__lag_t;

/* Counts an iteration. */
void avow__lag_note(avow__lag_t *lag, uint64_t us);

/* Returns the time that `percent` of 100 iterations did not exceed. */
uint64_t avow__lag_at(const avow__lag_t *lag, unsigned percent);

#endif
