/* SPDX-License-Identifier: MIT */
/*
 * libuv's own memory: programs in which each allocation of libuv fails in turn,
 * once and from then on, from the creation of the loop to its end.
 *
 * libuv ends the process for two failures, so the test avoids them. First, it
 * starts the thread pool before allocations fail. Second, the array of a loop's
 * watchers never fails to grow. If it fails, libuv before 1.51 aborts
 * (maybe_resize() in src/unix/core.c, called by uv__io_start() in the middle of
 * a callback). Since 1.51, a new loop gets UV_ENOMEM, but an existing loop
 * keeps an array that was freed (uv__reallocf()).
 */
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trial.h"

enum { WATCHERS_MAY_FAIL_FIRST = 0x013300 };

static struct {
  atomic_long live;
  atomic_long turn;
  atomic_long first, last; /* numbers of allocations that fail */
  atomic_bool failed;
  bool sparing_watchers;
} memory;

static void fail_uv_allocation(long nth, bool from_then_on) {
  memory.failed = false;
  memory.turn = 1;
  memory.first = nth;
  memory.last = from_then_on ? LONG_MAX : nth;
}

static bool may_allocate(void) {
  const long turn = atomic_fetch_add(&memory.turn, 1);
  if (turn < memory.first || turn > memory.last)
    return true;
  memory.failed = true;
  return false;
}

static void *counted(void *block) {
  if (block != NULL)
    memory.live++;
  return block;
}

static void *fail_malloc(size_t size) {
  return may_allocate() ? counted(malloc(size)) : NULL;
}

static void *fail_calloc(size_t n, size_t size) {
  return may_allocate() ? counted(calloc(n, size)) : NULL;
}

static bool is_spared(const void *block) {
  if (!memory.sparing_watchers || loop == NULL || block != loop->watchers)
    return false;
  return block != NULL || uv_version() < WATCHERS_MAY_FAIL_FIRST;
}

static void *fail_realloc(void *block, size_t size) {
  if (!is_spared(block) && !may_allocate())
    return NULL;
  return block == NULL ? counted(malloc(size)) : realloc(block, size);
}

static void count_free(void *block) {
  if (block != NULL)
    memory.live--;
  free(block);
}

/* Runs once. Returns true if an allocation failed. */
static bool run_once(const scenario_t *scenario, long nth, bool from_then_on) {
  char name[128];
  (void) snprintf(name, sizeof(name), "%s, allocation %ld%s", scenario->name,
                  nth, from_then_on ? " and later" : ""); /* may be cut */
  const long live = memory.live;
  scenario_expect(UV_ENOMEM);
  fail_uv_allocation(nth, from_then_on);
  const outcome_t outcome = trial_run(scenario, name);
  const bool failed = memory.failed;
  fail_uv_allocation(0, false);
  trial_check(memory.live == live, "nothing of libuv's is left");
  trial_check(outcome.code != 0 || outcome.intact, "success means all of it");
  trial_check(outcome.code == 0 || failed, "with memory it succeeds");
  trial_check(outcome.code == 0 || outcome.code == UV_ENOMEM,
              "the failure says why");
  const char *problem = trial_problem();
  if (problem != NULL)
    fail_msg("expected: %s (%s: %s)", problem, name,
             avow_err_name(outcome.code));
  return failed;
}

static void fail_each(const scenario_t *scenario, bool from_then_on) {
  long nth = 1;
  while (run_once(scenario, nth, from_then_on))
    nth++;
  assert_true(nth > 1);
}

static void survive(const scenario_t *scenario) {
  fail_each(scenario, false);
  fail_each(scenario, true);
}

static void loop_survives_allocation_failure(void **state) {
  survive(&doing_nothing);
}

static void files_survive_allocation_failure(void **state) {
  survive(&copying);
  survive(&copying_parts);
  survive(&copying_at);
  survive(&reading_file);
  survive(&reading_files);
  survive(&writing_file);
  survive(&replacing_file);
}

static void connections_survive_allocation_failure(void **state) {
  survive(&echoing);
  survive(&flooding);
}

static void lookup_survives_allocation_failure(void **state) {
  survive(&looking_up);
}

static void sleep_survives_allocation_failure(void **state) {
  survive(&sleeping);
}

static void cross_thread_settling_survives_allocation_failure(void **state) {
  survive(&settling_from_threads);
}

static void start_loop_without_watchers(void) {
  static const struct rlimit none = { 0, 0 };
  uv_loop_t own;
  (void) setrlimit(RLIMIT_CORE, &none); /* otherwise a core file is left */
  (void) signal(SIGABRT, SIG_DFL);      /* otherwise cmocka catches it */
  loop = &own;
  memory.sparing_watchers = false;
  fail_uv_allocation(2, false); /* after the loop itself */
  _exit(uv_loop_init(&own) == UV_ENOMEM ? 0 : 1);
}

/* When this fails, the test no longer needs to spare the watchers. */
static void libuv_aborts_without_memory_for_watchers(void **state) {
  const bool aborts = uv_version() < WATCHERS_MAY_FAIL_FIRST;
  int status = 0;

  const pid_t pid = fork();
  if (pid == 0)
    start_loop_without_watchers();
  assert_int_equal(waitpid(pid, &status, 0), pid);

  if (aborts)
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  else
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(libuv_aborts_without_memory_for_watchers),
    cmocka_unit_test(loop_survives_allocation_failure),
    cmocka_unit_test(files_survive_allocation_failure),
    cmocka_unit_test(connections_survive_allocation_failure),
    cmocka_unit_test(lookup_survives_allocation_failure),
    cmocka_unit_test(sleep_survives_allocation_failure),
    cmocka_unit_test(cross_thread_settling_survives_allocation_failure),
  };
  memory.sparing_watchers = true;
  fail_uv_allocation(0, false);
  if (uv_replace_allocator(fail_malloc, fail_realloc, fail_calloc,
                           count_free) != 0)
    return 1;
  harness_init();
  trial_init();
  return cmocka_run_group_tests(tests, scenario_files_setup,
                                scenario_files_teardown);
}
