/* SPDX-License-Identifier: MIT */
/*
 * Calls that a rate paces, as in p-throttle. p-throttle has a limit for an
 * interval. Here it is a token bucket: saved tokens are available at once, and
 * further tokens one after another.
 */
#ifndef THROTTLED_H
#define THROTTLED_H

#include "npm.h"

#define BUCKET      "avow adds tokens one by one, and a window adds all at once"
#define STRICT      "use a burst of 1 to limit each interval strictly"
#define NO_INTERVAL "a rate without an interval is refused"
#define NO_LIMIT    "a rate without tokens is refused"
#define NO_SWITCH   "a caller that must not wait does not use the rate"
#define NO_HOOK     "avow_rate_try() returns whether there is a delay"
#define NO_NUMBERS  "the type is an unsigned integer"

enum { MOST = 128 };

/* The times of the calls. */
extern uint64_t times[MOST];
extern size_t called;

/* Returns a rate, and resets the record of calls. */
avow_rate_t *every(uint64_t limit, uint64_t ms, uint64_t burst);

/* These promises settle with the time. */
avow_promise_t *throttled(const avow_rate_t *r, uint64_t weight);
avow_promise_t *throttled_many(const avow_rate_t *r, size_t n);

/* Asserts that all calls complete without any time passing. */
void assert_no_time_passes(void);

/* Cases that occur in both files. */
void zero_interval_is_refused(void **state);
void zero_limit_is_refused(void **state);
void signal_rejects_a_waiting_caller(void **state);
void try_returns_whether_a_token_is_available(void **state);

#endif
