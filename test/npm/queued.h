/* SPDX-License-Identifier: MIT */
/*
 * Functions that wait for a limiter and then for a rate. p-queue combines both.
 */
#ifndef QUEUED_H
#define QUEUED_H

#include "npm.h"

#define STRICT    "use a burst of 1 to limit each interval strictly"
#define BUCKET    "tokens come one by one, where a window opens for all at once"
#define NO_EVENTS "a limiter has no events, but its promises settle"
#define PRIORITY  "docs/recipes-limits.md shows how to make priorities"
#define TWO       "the program stops the limiter and the rate separately"
#define INSIDE    "the case tests an internal detail of the package"

enum { MANY = 200, FOUR = 4 };

/* add() runs function i, which takes `ms` and returns i, with the limiter.
   add_many() runs n of them and settles with all outcomes. */
avow_promise_t *add(const avow_limiter_t *l, size_t i, uint64_t ms);
avow_promise_t *add_many(const avow_limiter_t *l, size_t n, uint64_t ms);

void assert_waiting(const avow_limiter_t *l, size_t n);

/* Functions that have a permit of the limiter also wait for the rate. */
typedef struct paced_s {
  avow_rate_t *rate;
  uint64_t began[MANY]; /* start of each function */
  size_t n;
} paced_t;
extern paced_t paced;

/* Run n functions of `ms` each, paced by `rate`, and release the rate. */
void run_by_rate(size_t concurrency, size_t n, uint64_t ms);
/* Runs n functions of `ms` each by a rate of `cap` in each `interval` ms. */
void run_paced(size_t concurrency, uint64_t cap, uint64_t interval, size_t n,
               uint64_t ms);

/* Cases that occur in several files of the package. */
void a_failure_leaves_the_rest(void **state);
void a_rest_fills_it_up(void **state);
void an_interval_does_not_wait_for_the_end(void **state);
void both_limits_hold(void **state);
void idle_is_when_all_are_done(void **state);
void no_rate_is_refused(void **state);
void one_an_interval(void **state);
void time_limits_begin_with_the_function(void **state);
void two_at_a_time(void **state);

#endif
