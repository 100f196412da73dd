/* SPDX-License-Identifier: MIT */
/* Runs the cases of packages as tests, and defines the jobs of which most cases
   consist. */
#include "npm.h"

#include <inttypes.h>
#include <stdio.h>

enum { CASES = 256, NAME = 160 };

static struct {
  size_t running, at_most;
  uint32_t random;
} jobs;

static void (*begin_case)(void);

static int set_up(void **state) {
  if (begin_case != NULL)
    begin_case();
  jobs.running = 0;
  jobs.at_most = 0;
  jobs.random = 1;
  return timed_setup(state);
}

int run_npm(const char *package, const npm_case_t cases[], size_t n,
            void (*begin)(void)) {
  static char names[CASES][NAME];
  static struct CMUnitTest tests[CASES];
  size_t said = 0;
  begin_case = begin;
  for (size_t i = 0; i < n; i++) {
    if (cases[i].test == NULL)
      continue;
    assert_true(said < CASES);
    (void) snprintf(names[said], NAME, "%s: %s", package, cases[i].name);
    tests[said] = (struct CMUnitTest){ .name = names[said],
                                       .test_func = cases[i].test,
                                       .setup_func = set_up,
                                       .teardown_func = harness_teardown };
    said++;
  }
  print_message("%zu of %zu cases have a counterpart\n", said, n);
  return _cmocka_run_group_tests(package, tests, said, NULL, NULL);
}

/* `number` holds the number itself, because a pointer has space for it. */
static avow_value_t give_number(const avow_value_t *arg, void *number) {
  return avow_int((intptr_t) number);
}

avow_promise_t *number_in(uint64_t ms, int64_t number) {
  return avow_then(avow_sleep(loop, ms), give_number, NULL,
                   (void *) (intptr_t) number);
}

static avow_value_t end_job(const avow_value_t *arg, void *data) {
  const npm_job_t *job = data;
  jobs.running--;
  return job->code != 0 ? avow_error(job->code) : avow_int(job->value);
}

avow_value_t do_job(void *data) {
  const npm_job_t *job = data;
  if (++jobs.running > jobs.at_most)
    jobs.at_most = jobs.running;
  return avow_follow(avow_then(avow_sleep(loop, job->ms), end_job, NULL, data));
}

size_t jobs_running(void) {
  return jobs.running;
}

size_t jobs_at_most(void) {
  return jobs.at_most;
}

uint64_t some_ms(uint64_t least, uint64_t most) {
  jobs.random = jobs.random * 1664525u + 1013904223u;
  return least + (jobs.random >> 8) % (most - least + 1);
}

void assert_at(uint64_t ms, avow_promise_t *p, const char *outcome) {
  assert_outcome(p, outcome);
  assert_int_equal(avow_now(loop), ms);
}

void finish(avow_promise_t *p) {
  avow_value_unref(avow_run(p));
}
