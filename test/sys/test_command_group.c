/* SPDX-License-Identifier: MIT */
/*
 * Commands that lead a group: ending the command ends all processes that it
 * started. Each process holds a pipe open whose other end the test has. The
 * pipe ends when no process is left.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"

enum { LONG = 3600 * 1000, BRIEF = 20, ALIVE = 9 };

static int watch; /* our end of the pipe */

static int set_up(void **state) {
  int fds[2];
  if (pipe(fds) != 0 || dup2(fds[1], ALIVE) != ALIVE)
    return -1;
  (void) close(fds[1]); /* another descriptor is open */
  watch = fds[0];
  (void) fcntl(watch, F_SETFD, FD_CLOEXEC); /* otherwise tests would hang */
  return children_setup(state);
}

static int tear_down(void **state) {
  const int failed = children_teardown(state);
  (void) close(ALIVE); /* the descriptor is open */
  (void) close(watch);
  return failed;
}

/* Waits until the processes wrote `n` bytes to the pipe. */
static void await_words(size_t n) {
  char words[64];
  for (size_t done = 0; done < n;) {
    const ssize_t more = read(watch, words, n - done);
    assert_true(more > 0);
    done += (size_t) more;
  }
}

/* Waits while a process is left, and compares their output. */
static void assert_last_output(const char *expected) {
  char words[64] = "";
  size_t len = 0;
  ssize_t n;
  (void) close(ALIVE); /* our descriptor */
  while ((n = read(watch, words + len, sizeof(words) - 1 - len)) > 0)
    len += (size_t) n;
  assert_int_equal(n, 0);
  assert_string_equal(words, expected);
  assert_int_equal(dup2(watch, ALIVE), ALIVE); /* as many files as before */
}

static void assert_none_is_left(void) {
  assert_last_output("");
}

#define GROUP(...) SHELL(__VA_ARGS__, .group = true)

/* The shell itself waits. A process that the shell starts while the signal
   arrives would miss the signal, because a shell then blocks signals. */
#define SLEEPERS "sleep 1000 & echo >&9; sleep 1000 & echo >&9; wait"

static void canceled_group_ends(void **state) {
  avow_promise_t *p = GROUP(SLEEPERS, .grace = LONG);
  await_words(2);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  run();
  assert_none_is_left();
}

/* This holds however far the group has got. */
static void timed_out_group_ends(void **state) {
  avow_promise_t *p =
      GROUP("sleep 1000 & wait", .grace = LONG, .timeout = BRIEF);

  assert_rejects(p, UV_ETIMEDOUT);

  assert_none_is_left();
}

static void group_with_too_much_output_ends(void **state) {
  avow_promise_t *p =
      GROUP("sleep 1000 & echo more", .grace = LONG, .out_max_bytes = 1);

  assert_rejects(p, UV_EMSGSIZE);

  assert_none_is_left();
}

static void loop_close_ends_a_group(void **state) {
  avow_promise_t *p = GROUP(SLEEPERS, .grace = LONG);
  await_words(2);

  assert_int_equal(avow_loop_close(loop), 0);

  avow_unref(p);
  assert_none_is_left();
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void handles_of_a_group_may_be_closed(void **state) {
  avow_promise_t *p = GROUP(SLEEPERS, .grace = LONG);
  await_words(2);

  uv_walk(loop, close_handle, NULL);
  assert_int_equal(avow_loop_close(loop), 0);

  avow_unref(p);
  assert_none_is_left();
  while (waitpid(-1, NULL, WNOHANG) == 0) /* no other code reaps it now */
    continue;
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* Runs the loop until it has reaped the leader. */
static void await_end_of_leader(void) {
  siginfo_t info;
  while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
    assert_fulfills_none(avow_sleep(loop, 1));
}

/* A process that holds the command's output may clean up even after the leader
   exits. */
static void group_gets_the_signal_after_its_leader_exits(void **state) {
  avow_promise_t *p = GROUP(
      "(trap 'echo by >&9; exit 0' TERM; echo >&9; "
      "while :; do sleep 0.01; done) & exit 3",
      .grace = LONG);
  await_words(1);
  await_end_of_leader();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  run();
  assert_last_output("by\n");
}

/* The processes may clean up during the grace, but no longer. */
static void group_that_ignores_sigterm_is_killed_after_the_grace(void **state) {
  avow_promise_t *p = GROUP(
      "(trap '' TERM; echo >&9; while :; do sleep 0.01; done) & "
      "sleep 1000",
      .grace = BRIEF);
  await_words(1);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  run();
  assert_none_is_left();
}

/* Without an output, avow cannot tell whether the processes still run. */
static void rest_of_a_group_without_output_is_killed_at_once(void **state) {
  avow_promise_t *p = GROUP(
      "(trap '' TERM; exec >&- 2>&-; echo >&9; "
      "while :; do sleep 0.01; done) & wait",
      .grace = LONG);
  await_words(1);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  run();
  assert_none_is_left();
}

static void leave_the_group_of(avow_promise_t *p) {
  char pid[16] = "";
  assert_true(read(watch, pid, sizeof(pid) - 1) > 1);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  run();
  assert_int_equal(uv_kill((int) strtol(pid, NULL, 10), SIGKILL), 0);
  assert_none_is_left();
}

#define LEAVER "setsid sh -c 'echo $$ >&9; exec sleep 1000' & "

/* A process that left the group delays the end at most by the grace. */
static void process_that_left_the_group_is_not_awaited(void **state) {
  leave_the_group_of(GROUP(LEAVER "sleep 1000", .grace = BRIEF));
}

static void process_that_left_a_killed_group_is_not_awaited(void **state) {
  leave_the_group_of(GROUP("trap '' TERM; " LEAVER
                           "while :; do sleep 0.01; done",
                           .grace = BRIEF));
}

static void normal_exit_does_not_kill_the_rest_of_the_group(void **state) {
  assert_gives(GROUP("(while kill -0 $$; do sleep 0.01; done 2>/dev/null; "
                     "echo late) & echo early",
                     .grace = LONG),
               0, "early\nlate\n", "");
  assert_none_is_left();
}

static void command_leads_a_group_only_on_request(void **state) {
  const char *leads = "kill -0 -$$ 2>/dev/null && echo leads || echo follows";

  assert_gives(GROUP(leads), 0, "leads\n", "");
  assert_gives(shell(leads), 0, "follows\n", "");
}

#define GROUP_CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(command_group) {
  const struct CMUnitTest tests[] = {
    GROUP_CASE(canceled_group_ends),
    GROUP_CASE(timed_out_group_ends),
    GROUP_CASE(group_with_too_much_output_ends),
    GROUP_CASE(loop_close_ends_a_group),
    GROUP_CASE(handles_of_a_group_may_be_closed),
    GROUP_CASE(group_gets_the_signal_after_its_leader_exits),
    GROUP_CASE(group_that_ignores_sigterm_is_killed_after_the_grace),
    GROUP_CASE(rest_of_a_group_without_output_is_killed_at_once),
    GROUP_CASE(process_that_left_the_group_is_not_awaited),
    GROUP_CASE(process_that_left_a_killed_group_is_not_awaited),
    GROUP_CASE(normal_exit_does_not_kill_the_rest_of_the_group),
    GROUP_CASE(command_leads_a_group_only_on_request),
  };
  harness_init();
  return cmocka_run_group_tests(tests, children_prepare, NULL);
}
