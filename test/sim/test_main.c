/* SPDX-License-Identifier: MIT */
/* The output of avow_sim_main() for a seed that fails, and its options. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "avow/all.h"
#include "avow/sim.h"
#include "sim/event_log.h"
#include "sim/replay_command.h"
#include "suite.h"

enum { WORDS = 10, SLEEPERS = 3 };

static char printed[1 << 16];

/* Splits a line into words, after a program name. */
static int words_of(char *line, char *argv[WORDS]) {
  static char name[] = "sim";
  int argc = 0;
  argv[argc++] = name;
  for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
    argv[argc++] = word;
  argv[argc] = NULL;
  return argc;
}

/* Returns the exit status. Stores the output in `printed`. */
static int run(avow_sim_fn program, const char *line) {
  static char words[200];
  char *argv[WORDS];
  (void) strcpy(words, line);
  const int argc = words_of(words, argv);
  FILE *file = tmpfile();
  assert_non_null(file);
  (void) fflush(stdout);
  const int kept = dup(STDOUT_FILENO);
  assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);

  const int status = avow_sim_main(argc, argv, program, NULL, NULL);

  (void) fflush(stdout);
  assert_true(dup2(kept, STDOUT_FILENO) >= 0);
  (void) close(kept);
  rewind(file);
  printed[fread(printed, 1, sizeof(printed) - 1, file)] = '\0';
  (void) fclose(file);
  return status;
}

static avow_promise_t *good(uv_loop_t *loop, void *data) {
  return avow_sleep(loop, 1000);
}

/* The work may take long, which the simulator finds. */
static avow_value_t nothing(void *data) {
  return avow_none();
}

static avow_promise_t *hasty(uv_loop_t *loop, void *data) {
  avow_promise_t *all[SLEEPERS];
  for (int i = 0; i < SLEEPERS; i++)
    all[i] = avow_work(loop, nothing, NULL, NULL);
  return avow_timeout(avow_all(loop, all, SLEEPERS), 8);
}

static avow_promise_t *bad(uv_loop_t *loop, void *data) {
  avow_sim_note("for all to see");
  avow_sim_check(false, "it is %d", 7);
  return avow_sleep(loop, 1);
}

static void program_without_failures_passes(void **state) {
  assert_int_equal(run(good, "--seeds 20"), 0);
  assert_non_null(strstr(printed, "20 seeds, none fails"));
}

static void constant_failure_needs_no_choice(void **state) {
  assert_int_equal(run(bad, "--from 5"), 1);
  assert_non_null(strstr(printed, "seed 5 fails: it is 7"));
  assert_non_null(strstr(printed, "for all to see"));
  assert_non_null(strstr(printed, "No choice is needed"));
}

/* Returns the last line that starts with "  sim". */
static const char *replay(void) {
  static char line[400];
  const char *at = NULL;
  for (const char *next = printed; (next = strstr(next, "\n  sim ")) != NULL;)
    at = next += strlen("\n  sim ");
  assert_non_null(at);
  (void) snprintf(line, sizeof(line), "%.*s", (int) strcspn(at, "\n"), at);
  return line;
}

static void failure_is_shrunk_and_repeatable(void **state) {
  assert_int_equal(run(hasty, ""), 1);
  assert_non_null(strstr(printed, "fails: the program's promise rejected"));
  assert_non_null(strstr(printed, "gdb -ex 'break sim_fail' -ex run --args"));
  assert_non_null(strstr(printed, "choices were not plain. Needed to fail: "));
  const char *again = replay();
  assert_non_null(strstr(again, "--only work:"));

  assert_int_equal(run(hasty, again), 1);

  assert_non_null(strstr(printed, "fails: the program's promise rejected"));
  assert_non_null(strstr(printed, "work ends"));
  assert_non_null(strstr(printed, " ms  choice ")); /* shows its place */
}

static void seed_without_its_choices_passes(void **state) {
  assert_int_equal(run(hasty, ""), 1);
  char line[400];
  (void) strcpy(line, replay());
  *strstr(line, " --only") = '\0';

  assert_int_equal(run(hasty, line), 1);
  assert_int_equal(run(hasty, strcat(line, " --shrink")), 1);
  assert_non_null(strstr(printed, "Needed to fail: "));
  (void) strcpy(strstr(line, " --shrink"), " --only none:0");
  assert_int_equal(run(hasty, line), 3);
  assert_non_null(strstr(printed, "is fine"));
  assert_non_null(strstr(printed,
                         "never occurred, or are plain with this seed: "
                         "none:0\n"));
}

/* Crashes in some runs, as with a wrong pointer. */
static avow_promise_t *mad(uv_loop_t *loop, void *data) {
  if (avow_sim_choose(8) == 7)
    (void) raise(SIGSEGV);
  return avow_sleep(loop, 1);
}

/* Returns the exit status of a process that runs the program. Stores the start
   of its stderr in `told`. */
static int status_of(avow_sim_fn program, const char *line, char *told,
                     size_t size) {
  int ends[2], status;
  assert_int_equal(pipe(ends), 0);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    char words[200], *argv[WORDS];
    (void) strcpy(words, line);
    const int argc = words_of(words, argv);
    (void) dup2(ends[1], STDERR_FILENO);
    (void) signal(SIGSEGV, SIG_DFL); /* cmocka installs a handler */
    (void) avow_sim_main(argc, argv, program, NULL, NULL);
    _exit(0);
  }
  (void) close(ends[1]);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(read(ends[0], told, size) > 0);
  (void) close(ends[0]);
  return status;
}

static void assert_names_its_seed(const char *told) {
  char line[40];
  const char *seed = strstr(told, "to repeat it: sim --seed ");
  assert_non_null(seed);
  (void) snprintf(line, sizeof(line), "--from %d",
                  atoi(seed + strlen("to repeat it: sim --seed ")) - 1);
  assert_int_equal(run(good, line), 0);
}

static void crash_report_names_the_seed(void **state) {
  char told[400] = "";
  const int status = status_of(mad, "", told, sizeof(told) - 1);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
  assert_names_its_seed(told);
}

/* Fails, and crashes if the second choice is left out. */
static avow_promise_t *mad_when_shrunk(uv_loop_t *loop, void *data) {
  const uint64_t first = avow_sim_choose(1000);
  const uint64_t second = avow_sim_choose(1000);
  if (first != 0 && second == 0)
    (void) raise(SIGSEGV);
  avow_sim_check(first == 0, "not yet");
  return avow_sleep(loop, 1);
}

static void crash_while_shrinking_is_repeatable(void **state) {
  static const char again[] = "to repeat it: sim ";
  char told[400] = "", once_more[400] = "";
  int status = status_of(mad_when_shrunk, "", told, sizeof(told) - 1);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
  char *line = strstr(told, again);
  assert_non_null(line);
  line += strlen(again);
  line[strcspn(line, "\n")] = '\0';
  assert_non_null(strstr(line, " --only program:0"));

  status = status_of(mad_when_shrunk, line, once_more, sizeof(once_more) - 1);

  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* Fails for another reason if the first choice is left out. */
static avow_promise_t *two_faced(uv_loop_t *loop, void *data) {
  const uint64_t first = avow_sim_choose(1000);
  const uint64_t second = avow_sim_choose(1000);
  avow_sim_check(first == 0, "the first way");
  avow_sim_check(second == 0, "the second way");
  return avow_sleep(loop, 1);
}

static void shrunk_run_fails_for_the_same_reason(void **state) {
  assert_int_equal(run(two_faced, "--seeds 1"), 1);
  assert_non_null(strstr(printed, "seed 0 fails: the first way"));
  assert_non_null(
      strstr(printed, "with only these choices seed 0 fails: the first"));
  assert_null(strstr(printed, "the second way"));
}

/* Ignores an error and closes a handle that is not open. */
static avow_promise_t *careless(uv_loop_t *loop, void *data) {
  static uv_fs_event_t event;
  (void) uv_fs_event_init(loop, &event);
  uv_close((uv_handle_t *) &event, NULL);
  return avow_sleep(loop, 1);
}

static void crash_report_names_an_earlier_failure(void **state) {
  char told[600] = "";
  const int status = status_of(careless, "", told, sizeof(told) - 1);
  assert_true(WIFSIGNALED(status));
  assert_non_null(strstr(told,
                         "avow_sim: the run had failed: "
                         "uv_fs_event_init() is not simulated\n"));
}

static void commands_are_quoted_for_the_shell(void **state) {
  const sim_search_t search = { .name = "/home/me/it's mine/sim", .more = "" };
  const sim_picks_t none = { .at = NULL };

  char *command = sim_replay_command(&search, 7, &none);

  assert_string_equal(command,
                      "'/home/me/it'\\''s mine/sim' --seed 7 --only ''");
  free(command);
}

/* All seeds after that one would seem to pass. */
static avow_promise_t *quitter(uv_loop_t *loop, void *data) {
  if (avow_sim_choose(8) == 7)
    exit(0);
  return avow_sleep(loop, 1);
}

static void program_that_calls_exit_fails(void **state) {
  char told[400] = "";
  const int status = status_of(quitter, "", told, sizeof(told) - 1);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
  assert_names_its_seed(told);
}

static void replay_command_repeats_the_faults(void **state) {
  assert_int_equal(run(bad, "--faults net,memory"), 1);
  assert_non_null(strstr(printed, "sim --seed 0 --faults net,memory"));
}

static void help_option_prints_the_usage(void **state) {
  assert_int_equal(run(bad, "--help"), 0);
  assert_non_null(strstr(printed, "usage: sim [--seeds N]"));
}

static void invalid_options_are_refused(void **state) {
  static const char *const bad_lines[] = {
    "--seeds",         "--seeds x",         "--seed -1",  "--from 1x",
    "--faults",        "--faults rain",     "--only a:1", "--shrink",
    "--seed 1 --only", "--seed 1 --only a", "7",          "--faults net,",
    "--max-events 0",
  };
  for (size_t i = 0; i < sizeof(bad_lines) / sizeof(bad_lines[0]); i++) {
    assert_int_equal(run(good, bad_lines[i]), 2);
    assert_string_equal(printed, "");
  }
}

static void assert_is_said(const char *line, const char *what) {
  char told[4000] = "";
  (void) status_of(good, line, told, sizeof(told) - 1);
  if (strncmp(told, what, strlen(what)) != 0)
    fail_msg("\"%s\" is not \"%s\"", told, what);
}

static void error_names_the_invalid_option(void **state) {
  assert_is_said("--seeds x", "sim: --seeds x is not understood\n");
  assert_is_said("--from", "sim: --from without a value is not understood\n");
  assert_is_said("--seed 1 --only a:1,b",
                 "sim: --only a:1,b is not understood\n");
  assert_is_said("--shrink", "sim: --shrink without --seed is not");
}

static avow_promise_t *talker(uv_loop_t *loop, void *data) {
  for (int i = 0; i < 200; i++)
    avow_sim_note("on and on");
  return avow_sleep(loop, 1);
}

static void option_sets_the_limit_of_events(void **state) {
  assert_int_equal(run(talker, "--seeds 1 --max-events 300"), 0);
  assert_int_equal(run(talker, "--seeds 1 --max-events 100"), 1);
  assert_non_null(strstr(printed, "more than 100 events: "));
  assert_non_null(strstr(printed, "sim --seed 0 --max-events 100\n"));
}

SUITE(main) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(program_without_failures_passes),
    cmocka_unit_test(constant_failure_needs_no_choice),
    cmocka_unit_test(failure_is_shrunk_and_repeatable),
    cmocka_unit_test(seed_without_its_choices_passes),
    cmocka_unit_test(crash_report_names_the_seed),
    cmocka_unit_test(crash_while_shrinking_is_repeatable),
    cmocka_unit_test(crash_report_names_an_earlier_failure),
    cmocka_unit_test(shrunk_run_fails_for_the_same_reason),
    cmocka_unit_test(commands_are_quoted_for_the_shell),
    cmocka_unit_test(program_that_calls_exit_fails),
    cmocka_unit_test(replay_command_repeats_the_faults),
    cmocka_unit_test(help_option_prints_the_usage),
    cmocka_unit_test(invalid_options_are_refused),
    cmocka_unit_test(error_names_the_invalid_option),
    cmocka_unit_test(option_sets_the_limit_of_events),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
