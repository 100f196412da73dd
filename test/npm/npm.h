/* SPDX-License-Identifier: MIT */
/*
 * The tests that packages for JavaScript have of themselves, told in C, by the
 * names that they have there: what those who come from these packages rely on.
 * Time passes by itself, so that a second of theirs takes none.
 */
#ifndef NPM_H
#define NPM_H

#include "harness.h"

typedef struct npm_case_s {
  const char *name;        /* as the package has it */
  CMUnitTestFunction test; /* NULL: it cannot be said, for this reason */
  const char *note;        /* or how it differs by design, if it does */
} npm_case_t;

/* It is the same here, differs by design, or cannot be said in C. */
#define SAME(name, test) \
  { name, test, NULL }
#define DIFFERS(name, test, how) \
  { name, test, how }
#define UNSAID(name, why) \
  { name, NULL, why }

/* Runs those that can be said, as "package: name", begin() before each. */
int run_npm(const char *package, const npm_case_t cases[], size_t n,
            void (*begin)(void));
#define RUN_NPM(package, cases, begin) \
  (harness_init(),                     \
   run_npm(package, cases, sizeof(cases) / sizeof((cases)[0]), begin))

/* Fulfils with the number in so many ms. */
avow_promise_t *number_in(uint64_t ms, int64_t number);

/* What takes that long, and is counted while it runs. */
typedef struct npm_job_s {
  uint64_t ms;
  int64_t value;
  int code; /* it fails with, unless 0 */
} npm_job_t;
avow_value_t do_job(void *job);

/* How many run, and ran at most since the test began. */
size_t jobs_running(void);
size_t jobs_at_most(void);

/* Some milliseconds from least to most, the same in each run. */
uint64_t some_ms(uint64_t least, uint64_t most);

/* What p settles with, taken, is that, at that time of the loop. */
void assert_at(uint64_t ms, avow_promise_t *p, const char *outcome);

/* Runs the loop until p, which is taken, settles. */
void finish(avow_promise_t *p);

#endif
