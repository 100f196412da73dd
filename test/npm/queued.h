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
void other_calls_run_after_a_failure(void **state);
void idle_time_refills_the_rate(void **state);
void interval_does_not_wait_for_a_running_call(void **state);
void permits_and_rate_both_limit_calls(void **state);
void limiter_is_idle_when_all_calls_are_done(void **state);
void zero_rate_is_refused(void **state);
void rate_admits_one_call_in_each_interval(void **state);
void timeouts_start_with_the_function(void **state);
void two_permits_run_two_calls_at_a_time(void **state);

#endif
