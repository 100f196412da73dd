/* SPDX-License-Identifier: MIT */
/*
 * No assertion runs during a trial. Objects that were not released stay visible
 * until the end.
 */
#include "trial.h"

#include "uv/page_cache.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { DEADLINE = 240 };

static const char *problem;
static char running[160];

void trial_check(bool holds, const char *what) {
  if (!holds && problem == NULL)
    problem = what;
}

const char *trial_problem(void) {
  const char *first = problem;
  problem = NULL;
  return first;
}

static void on_alarm(int signum) {
  static const char text[] = "a run hangs: ";
  const ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1) +
                    write(STDERR_FILENO, running, strlen(running)) +
                    write(STDERR_FILENO, "\n", 1);
  _exit(n > 0 ? 1 : 2);
}

static void work(uv_work_t *req) {
}

static void after_work(uv_work_t *req, int status) {
}

/* Creates libuv's pipe for signals and its thread pool. */
static void start_libuv(void) {
  uv_loop_t own;
  uv_work_t req;
  assert_int_equal(uv_loop_init(&own), 0);
  assert_int_equal(uv_queue_work(&own, &req, work, after_work), 0);
  assert_int_equal(uv_run(&own, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_loop_close(&own), 0);
}

void trial_init(void) {
  const struct sigaction action = { .sa_handler = on_alarm };
  assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
  (void) signal(SIGPIPE, SIG_IGN); /* libuv requires this of programs */
  start_libuv();
  (void) avow__page_cache_is_there(); /* it tries the calls */
}

static int open_files(void) {
  DIR *files = opendir("/proc/self/fd");
  assert_non_null(files);
  int n = 0;
  while (readdir(files) != NULL)
    n++;
  assert_int_equal(closedir(files), 0);
  return n;
}

static void on_unhandled(uv_loop_t *at, const avow_value_t *reason,
                         const char *where, void *data) {
  trial_check(false, "no rejection is lost");
}

static const avow_options_t options = { STEADY, .on_unhandled = on_unhandled };

static void check_idle(void) {
  avow_stats_t stats;
  avow_loop_stats(loop, &stats, sizeof(stats));
  trial_check(stats.pending == 0, "every promise is settled");
  trial_check(stats.live == 0, "every promise is gone");
  trial_check(stats.queued == 0, "no job is left");
  trial_check(stats.requests == 0, "no request is left");
}

static void run_to_the_end(avow_promise_t *p, outcome_t *out) {
  const avow_value_t v = avow_run(p);
  out->code = avow_error_code(&v);
  avow_value_unref(v);
  trial_check(out->code != AVOW_EIDLE, "the program settles");
  trial_check(uv_run(loop, UV_RUN_DEFAULT) == 0, "the loop runs dry");
  check_idle();
  trial_check(avow_loop_close(loop) == 0, "avow closes");
}

static avow_value_t hear_of_it(const avow_value_t *reason, void *data) {
  return avow_none();
}

static void run_until(avow_promise_t *p, bool (*is_time)(void),
                      outcome_t *out) {
  while (avow_state(p) == AVOW_PENDING && !is_time())
    (void) uv_run(loop, UV_RUN_ONCE); /* the promise has the result */
  /* Handles the rejection, because closing would report it otherwise. */
  avow_unref(avow_catch(avow_ref(p), hear_of_it, NULL));
  trial_check(avow_loop_close(loop) == 0, "avow closes");
  trial_check(avow_state(p) != AVOW_PENDING, "closing settles");
  const avow_value_t *v = avow_result(p);
  out->code = v != NULL ? avow_error_code(v) : 0;
  avow_unref(p);
  trial_check(uv_run(loop, UV_RUN_DEFAULT) == 0, "the loop runs dry");
}

static outcome_t run_on_loop(const scenario_t *scenario,
                             bool (*is_time)(void)) {
  avow_options_t own = options;
  own.files_on_pool = !scenario->tries;
  outcome_t outcome = { .code = avow_loop_init(loop, &own) };
  if (outcome.code != 0)
    return outcome;
  avow_promise_t *p = scenario->start();
  if (is_time != NULL)
    run_until(p, is_time, &outcome);
  else
    run_to_the_end(p, &outcome);
  outcome.intact = scenario->is_intact();
  return outcome;
}

outcome_t trial_cut_short(const scenario_t *scenario, const char *name,
                          bool (*is_time)(void)) {
  uv_loop_t own;
  const int files = open_files();
  const long before = live_allocations();
  (void) snprintf(running, sizeof(running), "%s", name); /* may be cut */
  (void) alarm(DEADLINE); /* replaces the previous alarm */
  problem = NULL;
  loop = &own;
  outcome_t outcome = { .code = uv_loop_init(&own) };
  if (outcome.code == 0) {
    outcome = run_on_loop(scenario, is_time);
    trial_check(uv_loop_close(&own) == 0, "no handle is left");
  }
  trial_check(live_allocations() == before, "no allocation is left");
  trial_check(open_files() == files, "no file is left open");
  return outcome;
}

outcome_t trial_run(const scenario_t *scenario, const char *name) {
  return trial_cut_short(scenario, name, NULL);
}
