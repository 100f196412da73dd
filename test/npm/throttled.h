/* SPDX-License-Identifier: MIT */
/*
 * Calls that a rate lets through, as p-throttle has them. Its limit within an
 * interval is a bucket's here: what is saved up comes at once, and then one
 * token after the other.
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

/* When they came. */
extern uint64_t times[MOST];
extern size_t called;

/* A rate with which no call has come yet. */
avow_rate_t *every(uint64_t limit, uint64_t ms, uint64_t burst);

/* Settle with the time. */
avow_promise_t *throttled(const avow_rate_t *r, uint64_t weight);
avow_promise_t *so_many(const avow_rate_t *r, size_t n);

/* No time passes until all is done. */
void assert_nobody_waits(void);

/* Cases that both have. */
void no_time_is_refused(void **state);
void nothing_is_refused(void **state);
void who_waits_may_be_stopped(void **state);
void it_says_whether_there_is_a_delay(void **state);

#endif
