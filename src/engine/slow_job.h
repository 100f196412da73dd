/* SPDX-License-Identifier: MIT */
/*
 * Jobs that take long, where somebody wants to hear of them: what a job is has
 * to be noted before it runs, for its promise may be gone when it has.
 */
#ifndef AVOW_SLOW_JOB_H
#define AVOW_SLOW_JOB_H

#include "engine/backtrace.h"

typedef struct avow__slow_s {
  const char *kind;
  const char *name;
  void (*fn)(void);
  const void *caller;
  uint64_t began; /* uv_hrtime() */
} avow__slow_t;

/* Jobs are about to run. */
void avow__slow_open(avow__slow_t *slow);

/* p's job is about to run. */
void avow__slow_begin(avow__slow_t *slow, const avow_promise_t *p);

/* It has, and the next begins: the clock is read once a job. Its length is
   counted, and the program told if that is too much. */
void avow__slow_end(avow__context_t *c, avow__slow_t *slow);

#endif
