/* SPDX-License-Identifier: MIT */
/*
 * Files and connections when system calls fail. Each fault occurs at each call
 * in turn: once, a few times, and from then on. The program must end, leave
 * nothing behind, and report only success that happened.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "trial.h"
#include "uv/page_cache.h"

/* A harmless fault does not change the outcome. After a retried fault, the
   program may succeed or fail. A lasting fault may occur forever. */
enum { HARMLESS = 1, RETRIED = 2, LASTING = 4 };

enum {
  A_FEW = 3,
  ON_PATHS = BIT(CALL_MAKE) | BIT(CALL_REMOVE) | BIT(CALL_RENAME) |
             BIT(CALL_MODE) | BIT(CALL_TIMES) | BIT(CALL_READLINK) |
             BIT(CALL_OPENDIR) | BIT(CALL_READDIR) | BIT(CALL_SYNC) |
             BIT(CALL_SYNC_DIR) | BIT(CALL_COPY)
};

typedef struct {
  fault_t fault;
  int nature;
} case_t;

static const case_t cases[] = {
  { { .name = "ENOSPC",
      .error = ENOSPC,
      .calls = BIT(CALL_OPEN) | BIT(CALL_WRITE) | BIT(CALL_CLOSE) |
               BIT(CALL_MAKE) | BIT(CALL_RENAME) | BIT(CALL_SYNC) |
               BIT(CALL_SYNC_DIR) | BIT(CALL_COPY) },
    LASTING },
  { { .name = "EMFILE",
      .error = EMFILE,
      .calls = BIT(CALL_OPEN) | BIT(CALL_OPENDIR) | BIT(CALL_SOCKET) |
               BIT(CALL_ACCEPT) | BIT(CALL_LOOKUP) | BIT(CALL_PIPE) },
    LASTING },
  { { .name = "no calls without waiting",
      .error = ENOSYS,
      .calls = BIT(CALL_CACHED) },
    HARMLESS | LASTING },
  { { .name = "nothing in memory", .error = EAGAIN, .calls = BIT(CALL_CACHED) },
    HARMLESS | LASTING },
  { { .name = "EIO",
      .error = EIO,
      .calls = BIT(CALL_OPEN) | BIT(CALL_STAT) | BIT(CALL_READ) |
               BIT(CALL_WRITE) | BIT(CALL_CLOSE) | BIT(CALL_RECEIVE) |
               BIT(CALL_SEND) | BIT(CALL_CLOSE_SOCKET) | BIT(CALL_LOOKUP) |
               ON_PATHS },
    LASTING },
  { { .name = "ECONNREFUSED",
      .error = ECONNREFUSED,
      .calls = BIT(CALL_CONNECT) | BIT(CALL_CONNECTED) },
    LASTING },
  { { .name = "ECONNRESET",
      .error = ECONNRESET,
      .calls = BIT(CALL_CONNECT) | BIT(CALL_CONNECTED) | BIT(CALL_RECEIVE) |
               BIT(CALL_SEND) | BIT(CALL_SHUTDOWN) },
    LASTING },
  { { .name = "EPIPE", .error = EPIPE, .calls = BIT(CALL_SEND) }, LASTING },
  { { .name = "ECONNABORTED",
      .error = ECONNABORTED,
      .calls = BIT(CALL_ACCEPT) },
    HARMLESS },
  { { .name = "EINTR",
      .error = EINTR,
      .calls = BIT(CALL_OPEN) | BIT(CALL_STAT) | BIT(CALL_READ) |
               BIT(CALL_WRITE) | BIT(CALL_CLOSE) | BIT(CALL_CONNECT) |
               BIT(CALL_ACCEPT) | BIT(CALL_RECEIVE) | BIT(CALL_SEND) |
               BIT(CALL_SHUTDOWN) | BIT(CALL_CLOSE_SOCKET) | BIT(CALL_LOOKUP) |
               BIT(CALL_SYNC) | BIT(CALL_COPY) | BIT(CALL_MAKE) |
               BIT(CALL_REMOVE) | BIT(CALL_RENAME) | BIT(CALL_READLINK) },
    RETRIED },
  { { .name = "EAGAIN",
      .error = EAGAIN,
      .calls = BIT(CALL_ACCEPT) | BIT(CALL_RECEIVE) | BIT(CALL_SEND) },
    HARMLESS },
  { { .name = "no more processes", .error = EAGAIN, .calls = BIT(CALL_FORK) },
    LASTING },
  { { .name = "ENOBUFS", .error = ENOBUFS, .calls = BIT(CALL_SEND) },
    HARMLESS },
  { { .name = "half of it",
      .cut = CUT_TO_HALF,
      .calls = BIT(CALL_READ) | BIT(CALL_WRITE) | BIT(CALL_RECEIVE) |
               BIT(CALL_SEND) | BIT(CALL_COPY) },
    HARMLESS | LASTING },
  { { .name = "one byte of it",
      .cut = CUT_TO_ONE,
      .calls = BIT(CALL_READ) | BIT(CALL_WRITE) | BIT(CALL_RECEIVE) |
               BIT(CALL_SEND) | BIT(CALL_COPY) },
    HARMLESS },
  { { .name = "ENOTEMPTY", .error = ENOTEMPTY, .calls = BIT(CALL_REMOVE) },
    RETRIED },
  { { .name = "no type of an entry",
      .cut = CUT_TO_NONE,
      .calls = BIT(CALL_READDIR) },
    HARMLESS | LASTING },
  { { .name = "none of it written",
      .error = EIO, /* the error in libuv */
      .cut = CUT_TO_NONE,
      .calls = BIT(CALL_WRITE) },
    LASTING },
};

/* A connection that cannot be accepted is closed instead. */
static bool is_consequence(int code, unsigned hit) {
  return (hit & BIT(CALL_ACCEPT)) != 0 &&
         (code == UV_EOF || code == UV_ECONNRESET || code == UV_EPIPE);
}

static void judge_success(const scenario_t *scenario, int nature, bool intact) {
  const unsigned harmful = inject_hit() & ~scenario->optional;
  trial_check(intact, "a success has all the data");
  trial_check(harmful == 0 || (nature & (HARMLESS | RETRIED)) != 0,
              "a failure is reported");
}

static void judge_failure(const case_t *c, int code) {
  const unsigned hit = inject_hit();
  trial_check(hit != 0, "nothing fails but what has to");
  trial_check((c->nature & HARMLESS) == 0, "the harmless does no harm");
  trial_check(code == uv_translate_sys_error(c->fault.error) ||
                  is_consequence(code, hit),
              "a failure is reported as what it is");
}

static bool has_hit(void) {
  return inject_hit() != 0;
}

/* The outcome may be an error, but a success must have happened. */
static void judge_cut_short(const outcome_t *outcome) {
  trial_check(outcome->code != 0 || outcome->intact,
              "a success has all the data");
}

typedef struct {
  const scenario_t *scenario;
  const case_t *c;
  long first, nth, times;
  bool cut_short; /* closes the loop as soon as the fault occurs */
} run_t;

static outcome_t judged(const run_t *run, const char *name) {
  const scenario_t *scenario = run->scenario;
  const outcome_t outcome =
      trial_cut_short(scenario, name, run->cut_short ? has_hit : NULL);
  inject_nothing();
  if (run->cut_short)
    judge_cut_short(&outcome);
  else if (outcome.code == 0)
    judge_success(scenario, run->c->nature, outcome.intact);
  else
    judge_failure(run->c, outcome.code);
  return outcome;
}

static void run_once(const run_t *run) {
  const fault_t *fault = &run->c->fault;
  char name[128];
  (void) snprintf(name, sizeof(name), "%s, %s at call %ld, %ld times%s",
                  run->scenario->name, fault->name, run->nth, run->times,
                  run->cut_short ? ", cut short" : ""); /* may be cut */
  scenario_expect(uv_translate_sys_error(fault->error));
  inject(fault, run->nth, run->times);
  const outcome_t outcome = judged(run, name);
  const char *problem = trial_problem();
  if (problem != NULL)
    fail_msg("expected: %s (%s: %s)", problem, name,
             avow_err_name(outcome.code));
}

/* Returns the distance between failing calls; 1 if $THOROUGH is set. */
static long step(void) {
  enum { STEP = 5 };
  return getenv("THOROUGH") != NULL ? 1 : STEP;
}

/* Returns the kinds of calls that failed. Each case begins with another
   call. */
static unsigned fail_each(run_t run) {
  unsigned hit = 0;
  for (run.nth = run.first;; run.nth += step()) {
    run_once(&run);
    if (inject_hit() == 0)
      return hit;
    hit |= inject_hit();
  }
}

/* The nth call depends on the timing of the threads. The first call of a kind
   does not. */
static unsigned fail_first_of_each_kind(run_t run) {
  const unsigned kinds = run.scenario->calls & run.c->fault.calls;
  case_t one = *run.c;
  unsigned hit = 0;
  run.c = &one;
  run.nth = 1;
  for (int call = 0; call < CALLS; call++) {
    one.fault.calls = kinds & BIT(call);
    if (one.fault.calls == 0)
      continue;
    run_once(&run);
    hit |= inject_hit();
  }
  return hit;
}

static void assert_all(unsigned expected, unsigned actual, const char *what) {
  for (int call = 0; call < CALLS; call++)
    if ((expected & ~actual & BIT(call)) != 0)
      fail_msg("%s() was never %s", inject_call_name((call_t) call), what);
}

static unsigned survive_case(const scenario_t *scenario, const case_t *c) {
  run_t run = { .scenario = scenario,
                .c = c,
                .first = 1 + (c - cases) % step(),
                .times = 1 };
  unsigned hit = fail_each(run) | fail_first_of_each_kind(run);
  run.cut_short = true;
  hit |= fail_each(run);
  run.cut_short = false;
  run.times = A_FEW;
  hit |= fail_each(run);
  if ((c->nature & LASTING) == 0)
    return hit;
  case_t lasting = *c; /* since 1.45, libuv retries accepting */
  lasting.fault.calls &= ~BIT(CALL_ACCEPT);
  run.c = &lasting;
  run.times = LONG_MAX;
  return hit | fail_each(run);
}

static void survive(const scenario_t *scenario) {
  unsigned hit = 0;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    hit |= survive_case(scenario, &cases[i]);
  assert_all(scenario->calls, hit, "made to fail");
}

static void copying_survives_each_fault(void **state) {
  survive(&copying);
}

static void copying_in_parts_survives_each_fault(void **state) {
  survive(&copying_parts);
}

static void copying_at_offsets_survives_each_fault(void **state) {
  survive(&copying_at);
}

static void reading_a_file_survives_each_fault(void **state) {
  survive(&reading_file);
}

static void writing_a_file_survives_each_fault(void **state) {
  survive(&writing_file);
}

static void replacing_a_file_survives_each_fault(void **state) {
  survive(&replacing_file);
}

static void replacing_through_a_link_survives_each_fault(void **state) {
  survive(&replacing_link);
}

static void sending_a_file_survives_each_fault(void **state) {
  survive(&sending_file);
}

static void copying_a_tree_survives_each_fault(void **state) {
  survive(&copying_tree);
}

static void overwriting_a_tree_survives_each_fault(void **state) {
  survive(&overwriting_tree);
}

static void removing_a_tree_survives_each_fault(void **state) {
  survive(&removing_tree);
}

static void making_directories_survives_each_fault(void **state) {
  survive(&making_dirs);
}

static void globbing_survives_each_fault(void **state) {
  survive(&globbing);
}

static void reading_a_cached_file_survives_each_fault(void **state) {
  if (!avow__page_cache_is_there())
    skip_because("the system has no calls that do not wait for a disk");
  survive(&reading_cached_file);
}

static void reading_files_at_once_survives_each_fault(void **state) {
  survive(&reading_files);
}

static void echoing_survives_each_fault(void **state) {
  survive(&echoing);
}

static void flooding_survives_each_fault(void **state) {
  survive(&flooding);
}

static void pumping_survives_each_fault(void **state) {
  survive(&pumping);
}

static void flooding_a_pump_survives_each_fault(void **state) {
  survive(&pump_flooding);
}

static void connecting_survives_each_fault(void **state) {
  survive(&connecting);
}

static void sending_datagrams_survives_each_fault(void **state) {
  survive(&sending_datagrams);
}

static void running_a_command_survives_each_fault(void **state) {
  survive(&commanding);
}

/* Pending connections stay in the queue. */
static void survive_accepting(const scenario_t *scenario) {
  static const case_t c = {
    { .name = "EIO", .error = EIO, .calls = BIT(CALL_ACCEPT) },
    HARMLESS
  };
  assert_all(scenario->calls, survive_case(scenario, &c), "made to fail");
}

static void serving_survives_failed_accepts(void **state) {
  survive_accepting(&greeting_there);
}

static void listening_survives_failed_accepts(void **state) {
  survive_accepting(&greeting_here);
}

static void looking_up_survives_each_fault(void **state) {
  survive(&looking_up);
}

/* If libuv made other calls, nothing would fail, and the tests above would
   pass. */
static void every_call_can_be_made_to_fail(void **state) {
  static const scenario_t *const all[] = {
    &copying,       &copying_parts, &copying_at,       &reading_file,
    &reading_files, &writing_file,  &replacing_file,   &replacing_link,
    &sending_file,  &copying_tree,  &overwriting_tree, &removing_tree,
    &making_dirs,   &globbing,      &echoing,          &flooding,
    &pumping,       &pump_flooding, &connecting,       &sending_datagrams,
    &commanding,    &looking_up
  };
  static const fault_t nothing = { .name = "nothing" };

  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
    inject(&nothing, LONG_MAX, 1);
    const outcome_t outcome = trial_run(all[i], all[i]->name);
    inject_nothing();

    assert_int_equal(outcome.code, 0);
    assert_true(outcome.intact);
    assert_all(all[i]->calls, inject_seen(), all[i]->name);
    assert_null(trial_problem());
  }
}

static int set_up(void **state) {
  return scenario_files_setup(state) == 0 ? scenario_trees_setup(state) : -1;
}

static int tear_down(void **state) {
  return scenario_trees_teardown(state) == 0 ? scenario_files_teardown(state)
                                             : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_call_can_be_made_to_fail),
    cmocka_unit_test(copying_survives_each_fault),
    cmocka_unit_test(copying_in_parts_survives_each_fault),
    cmocka_unit_test(copying_at_offsets_survives_each_fault),
    cmocka_unit_test(reading_a_file_survives_each_fault),
    cmocka_unit_test(reading_a_cached_file_survives_each_fault),
    cmocka_unit_test(reading_files_at_once_survives_each_fault),
    cmocka_unit_test(writing_a_file_survives_each_fault),
    cmocka_unit_test(replacing_a_file_survives_each_fault),
    cmocka_unit_test(replacing_through_a_link_survives_each_fault),
    cmocka_unit_test(sending_a_file_survives_each_fault),
    cmocka_unit_test(copying_a_tree_survives_each_fault),
    cmocka_unit_test(overwriting_a_tree_survives_each_fault),
    cmocka_unit_test(removing_a_tree_survives_each_fault),
    cmocka_unit_test(making_directories_survives_each_fault),
    cmocka_unit_test(globbing_survives_each_fault),
    cmocka_unit_test(echoing_survives_each_fault),
    cmocka_unit_test(flooding_survives_each_fault),
    cmocka_unit_test(pumping_survives_each_fault),
    cmocka_unit_test(flooding_a_pump_survives_each_fault),
    cmocka_unit_test(connecting_survives_each_fault),
    cmocka_unit_test(sending_datagrams_survives_each_fault),
    cmocka_unit_test(running_a_command_survives_each_fault),
    cmocka_unit_test(serving_survives_failed_accepts),
    cmocka_unit_test(listening_survives_failed_accepts),
    cmocka_unit_test(looking_up_survives_each_fault),
  };
  /* Requests that use io_uring make no system calls that could fail here. */
  (void) setenv("UV_USE_IO_URING", "0", 1);
  harness_init();
  trial_init();
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
