/* SPDX-License-Identifier: MIT */
/*
 * Jobs that take long, if the program wants to know of them. A job is recorded
 * before it runs, because its promise may be freed while it runs.
 */
#ifndef AVOW_SLOW_JOB_H
#define AVOW_SLOW_JOB_H

#include "engine/origin.h"

typedef struct avow__slow_s {
  const char *kind;
  const char *name;
  void (*fn)(void);
  const void *caller;
  uint64_t began; /* the time when the job began, in ns */
} avow__slow_t;

/* Called when jobs are about to run. */
void avow__slow_open(const avow__context_t *c, avow__slow_t *slow);

/* Called when the job of p is about to run. */
void avow__slow_begin(avow__slow_t *slow, const avow_promise_t *p);

/* Called when the job has run and the next one begins, so the clock is read
   once for each job. Records the time of the job, and tells the program if it
   is too long. */
void avow__slow_end(avow__context_t *c, avow__slow_t *slow);

#endif
