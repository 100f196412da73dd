/* SPDX-License-Identifier: MIT */
/*
 * The tests of JavaScript packages, written in C under their original names.
 * Users of these packages rely on the tested behavior. The clock is virtual and
 * advances by itself, so that a test of a second takes no time.
 */
#ifndef NPM_H
#define NPM_H

#include "harness.h"

typedef struct npm_case_s {
  const char *name;        /* in the package */
  CMUnitTestFunction test; /* NULL: no counterpart in C; see note */
  const char *note;        /* reason or difference; or NULL */
} npm_case_t;

/* The behavior is the same, differs by design, or has no counterpart in C. */
#define SAME(name, test) \
  { name, test, NULL }
#define DIFFERS(name, test, how) \
  { name, test, how }
#define UNSAID(name, why) \
  { name, NULL, why }

/* Runs the cases that have a counterpart, as "package: name". Calls begin()
   before each of them. */
int run_npm(const char *package, const npm_case_t cases[], size_t n,
            void (*begin)(void));
#define RUN_NPM(package, cases, begin) \
  (harness_init(),                     \
   run_npm(package, cases, sizeof(cases) / sizeof((cases)[0]), begin))

/* Returns a promise that fulfills with the number after `ms` milliseconds. */
avow_promise_t *number_in(uint64_t ms, int64_t number);

/* A job that takes `ms`, and that is counted while it runs. */
typedef struct npm_job_s {
  uint64_t ms;
  int64_t value;
  int code; /* error of the job; 0: none */
} npm_job_t;
avow_value_t do_job(void *job);

/* Return the number of running jobs, and the largest number since the test
   began. */
size_t jobs_running(void);
size_t jobs_at_most(void);

/* Returns a pseudorandom time from `least` to `most`, the same in each run. */
uint64_t some_ms(uint64_t least, uint64_t most);

/* Asserts that p settles at this time of the loop with this outcome. Takes
   ownership of p. */
void assert_at(uint64_t ms, avow_promise_t *p, const char *outcome);

/* Runs the loop until p settles. Takes ownership of p. */
void finish(avow_promise_t *p);

#endif
