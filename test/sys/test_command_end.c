/* SPDX-License-Identifier: MIT */
/*
 * How commands end: by an output limit, a timeout, a cancellation or the close
 * of the loop. And what happens to processes that outlive them.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"

enum { LONG = 3600 * 1000, BRIEF = 20 };

static void output_of_exactly_the_limit_is_accepted(void **state) {
  assert_gives(SHELL("printf 12345; printf 123 >&2", .out_max_bytes = 5,
                     .err_max_bytes = 3),
               0, "12345", "123");
}

static void output_grows_up_to_its_limit(void **state) {
  const avow_value_t v =
      avow_run(SHELL("head -c 100000 /dev/zero", .out_max_bytes = 100000));
  size_t len;

  (void) avow_to_bytes(&output(&v)->out, &len);

  assert_int_equal(len, 100000);
  avow_value_unref(v);
  assert_rejects(SHELL("head -c 100001 /dev/zero", .out_max_bytes = 100000),
                 UV_EMSGSIZE);
}

/* Takes ownership of `p`. */
static void assert_fails_with(avow_promise_t *p, int code, const char *out,
                              const char *err) {
  const avow_value_t v = avow_run(p);
  assert_string_equal(avow_err_name(avow_error_code(&v)), avow_err_name(code));
  const avow_output_t *o = avow_to_output(avow_error_cause(&v));
  assert_string_equal(avow_to_bytes(&o->out, NULL), out);
  assert_string_equal(avow_to_bytes(&o->err, NULL), err);
  avow_value_unref(v);
}

static void output_above_the_limit_ends_the_command(void **state) {
  assert_fails_with(SHELL("while :; do echo y; done", .out_max_bytes = 5),
                    UV_EMSGSIZE, "y\ny\ny", "");
  assert_fails_with(SHELL("printf 1; printf 1234 >&2; exec sleep 1000",
                          .err_max_bytes = 3),
                    UV_EMSGSIZE, "1", "123");
  assert_fails_with(SHELL("printf 123456", .out_max_bytes = 5), UV_EMSGSIZE,
                    "12345", "");
  assert_fails_with(SHELL("trap 'printf 1234 >&2; exit 0' TERM; echo 123456; "
                          "while :; do sleep 0.01; done",
                          .grace = LONG, .out_max_bytes = 5,
                          .err_max_bytes = 3),
                    UV_EMSGSIZE, "12345", "123");
}

/* The command cleans up before it exits, and its further output does not block
   it. */
static void output_above_the_limit_is_still_read(void **state) {
  assert_fails_with(SHELL("trap 'head -c 1000000 /dev/zero && echo end >&2; "
                          "exit 0' TERM; head -c 5000 /dev/zero; "
                          "while :; do sleep 0.01; done",
                          .grace = LONG, .out_max_bytes = 4095),
                    UV_EMSGSIZE, "", "end\n");
}

/* Returns the error of a command that timed out after it was ready. Retries
   with longer times, because the time to become ready is unknown. */
static avow_value_t time_out(const char *script, uint64_t grace) {
  for (uint64_t ms = 100;; ms *= 2) {
    const avow_value_t v =
        avow_run(SHELL(script, .timeout = ms, .grace = grace,
                       .out_max_bytes = 9, .err_max_bytes = 9));
    assert_int_equal(avow_error_code(&v), UV_ETIMEDOUT);
    const avow_output_t *o = avow_to_output(avow_error_cause(&v));
    if (strncmp(avow_to_bytes(&o->out, NULL), "ready\n", 6) == 0)
      return v;
    avow_value_unref(v);
  }
}

static void assert_times_out(const char *script, uint64_t grace,
                             const char *out, int signum) {
  const avow_value_t v = time_out(script, grace);
  const avow_output_t *o = avow_to_output(avow_error_cause(&v));
  assert_string_equal(avow_to_bytes(&o->out, NULL), out);
  assert_int_equal(o->signal, signum);
  avow_value_unref(v);
}

static void timeout_ends_the_command_and_keeps_its_output(void **state) {
  assert_times_out("echo ready; exec sleep 1000", LONG, "ready\n", SIGTERM);
}

static void timeout_permits_the_command_to_clean_up(void **state) {
  assert_times_out(
      "trap 'echo by; exit 0' TERM; echo ready; "
      "while :; do sleep 0.01; done",
      LONG, "ready\nby\n", 0);
}

static void first_failure_is_reported(void **state) {
  assert_times_out(
      "trap 'echo 123456; exit 0' TERM; echo ready; "
      "while :; do sleep 0.01; done",
      LONG, "ready\n123", 0);
}

static void second_failure_sends_no_second_signal(void **state) {
  const avow_value_t v =
      avow_run(SHELL("n=0; trap 'n=$((n+1))' TERM; echo 123456; "
                     "while [ $n -eq 0 ]; do sleep 0.01; done; "
                     "echo 123456 >&2; sleep 0.1; sleep 0.1; exit $n",
                     .grace = LONG, .out_max_bytes = 5, .err_max_bytes = 5));

  assert_int_equal(avow_error_code(&v), UV_EMSGSIZE);
  assert_int_equal(avow_to_output(avow_error_cause(&v))->status, 1);
  avow_value_unref(v);
}

static void timeout_kills_a_command_that_ignores_sigterm(void **state) {
  assert_times_out("trap '' TERM; echo ready; while :; do sleep 0.01; done", 50,
                   "ready\n", SIGKILL);
}

/* libuv never receives the exit, as in a program that ignores SIGCHLD or waits
   for any child. */
static void command_reaped_outside_libuv_ends_after_its_grace(void **state) {
  avow_promise_t *p =
      SHELL("exec sleep 1000", .timeout = BRIEF, .grace = BRIEF);
  struct sigaction before;
  const struct sigaction ignored = { .sa_handler = SIG_IGN };
  assert_int_equal(sigaction(SIGCHLD, &ignored, &before), 0);

  assert_rejects(p, UV_ETIMEDOUT);

  assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
}

/* Another waiter reaps the process after SIGKILL found it. */
static void command_reaped_outside_libuv_after_a_kill_ends(void **state) {
  avow_promise_t *p = SHELL("trap '' TERM; exec sleep 1000",
                            .timeout = 10 * BRIEF, .grace = BRIEF);
  struct sigaction before;
  const struct sigaction ignored = { .sa_handler = SIG_IGN };
  assert_int_equal(sigaction(SIGCHLD, &ignored, &before), 0);

  assert_rejects(p, UV_ETIMEDOUT);

  assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
}

static void unexpired_timeout_does_nothing(void **state) {
  assert_gives(SHELL("echo x", .timeout = LONG), 0, "x\n", "");
}

/* Blocks the loop until a command has ended and its time is up. */
static void block_the_loop(void) {
  siginfo_t info;
  assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
  stall(2 * BRIEF);
}

static avow_value_t start_limited(const avow_value_t *arg, void *data) {
  avow_promise_t *p = SHELL("printf out", .timeout = BRIEF);
  block_the_loop();
  return avow_follow(p);
}

static avow_value_t start_within_a_limit(const avow_value_t *arg, void *data) {
  avow_promise_t *p = avow_timeout(shell("printf out"), BRIEF);
  block_the_loop();
  return avow_follow(p);
}

/* The commands start after a poll. The loop therefore runs its timers, whose
   time is up, before it polls again. */
static void command_that_ends_while_the_loop_blocks_is_in_time(void **state) {
  avow_cb starts[] = { start_limited, start_within_a_limit };
  for (int i = 0; i < 2; i++)
    assert_gives(avow_then(avow_after_poll(loop), starts[i], NULL, NULL), 0,
                 "out", "");
}

static void limit_and_timeout_errors_name_the_command(void **state) {
  assert_says(SHELL("echo 123456", .out_max_bytes = 5), UV_EMSGSIZE,
              "run 'sh': too much output");
  assert_says(SHELL("exec sleep 1000", .timeout = 1), UV_ETIMEDOUT,
              "run 'sh': timed out");
}

/* Reports when the shell has ended and has been reaped. */
#define LEFT_BEHIND "while kill -0 $$; do sleep 0.01; done 2>/dev/null; "

static void command_waits_for_remaining_processes(void **state) {
  assert_gives(shell("(" LEFT_BEHIND "echo late) & echo early"), 0,
               "early\nlate\n", "");
}

/* Directory for processes that outlive the command until the test releases
   them. */
static char folder[64];

static char *in_folder(const char *name) {
  static char path[sizeof(folder) + 8];
  (void) snprintf(path, sizeof(path), "%s/%s", folder, name); /* fits */
  return path;
}

static void open_folder(void) {
  size_t size = sizeof(folder) - 16;
  assert_int_equal(uv_os_tmpdir(folder, &size), 0);
  strcat(folder, "/avow-XXXXXX");
  assert_non_null(mkdtemp(folder));
  assert_int_equal(setenv("FOLDER", folder, 1), 0);
  assert_int_equal(mkfifo(in_folder("hold"), 0600), 0);
}

static void close_folder(void) {
  (void) unlink(in_folder("gone")); /* or it was not created */
  assert_int_equal(unlink(in_folder("hold")), 0);
  assert_int_equal(rmdir(folder), 0);
}

static void release_process(void) {
  const int fd = open(in_folder("hold"), O_WRONLY | O_CLOEXEC);
  assert_true(fd >= 0); /* a reader is open */
  assert_int_equal(close(fd), 0);
}

/* The process that outlives the shell holds its output open until let_go(). */
static avow_promise_t *shell_past_its_end(void) {
  open_folder();
  avow_promise_t *p = shell("(" LEFT_BEHIND
                            ">$FOLDER/gone; "
                            "read held <$FOLDER/hold) & exit 0");
  while (access(in_folder("gone"), F_OK) != 0)
    assert_fulfills_none(avow_sleep(loop, 1));
  return p;
}

static void timeout_limits_the_wait_for_remaining_processes(void **state) {
  open_folder();

  assert_times_out("read held <$FOLDER/hold & echo ready", LONG, "ready\n", 0);

  release_process();
  close_folder();
}

static void command_may_close_its_output_and_continue(void **state) {
  const avow_value_t v = avow_run(shell("exec >&- 2>&-; sleep 0.05; exit 3"));

  assert_int_equal(output(&v)->status, 3);
  avow_value_unref(v);
}

static void canceled_command_ends_in_the_background(void **state) {
  avow_promise_t *p = shell("exec sleep 1000");

  avow_cancel(p);
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  run(); /* until it ends */

  assert_rejects(p, UV_ECANCELED);
}

static void canceled_command_is_killed_after_the_grace(void **state) {
  avow_promise_t *p = avow_timeout(
      SHELL("trap '' TERM; while :; do sleep 0.01; done", .grace = 50), 100);

  assert_rejects(p, UV_ETIMEDOUT);
  run();
}

static void canceled_command_ignores_its_timeout(void **state) {
  avow_promise_t *p =
      SHELL("exec sleep 1000", .timeout = 50, .out_max_bytes = 1);
  avow_promise_t *q = avow_sleep(loop, 100);

  avow_cancel(p);
  avow_unref(p);

  assert_fulfills_none(q);
  run();
}

/* The output that remains open delays no operation. */
static void command_canceled_after_its_exit_is_dropped(void **state) {
  avow_promise_t *p = shell_past_its_end();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  run();
  release_process();
  close_folder();
}

/* A process that has ended is not killed. */
static void handles_may_be_closed_after_the_exit(void **state) {
  avow_promise_t *p = shell_past_its_end();

  uv_walk(loop, close_handle, NULL);
  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
  release_process();
  close_folder();
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void command_canceled_with_pending_input_is_dropped(void **state) {
  avow_promise_t *p = run_shell("exec sleep 1000", much());

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  run();
}

static void cancel_after_the_command_ends_changes_nothing(void **state) {
  avow_promise_t *p = shell("true");
  avow_promise_t *watched = avow_then(avow_ref(p), note_cb, NULL, "done");

  const avow_value_t v = avow_run(watched);
  avow_cancel(p);

  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  avow_value_unref(v);
  avow_unref(p);
}

static void loop_close_ends_commands(void **state) {
  avow_promise_t *ps[] = {
    shell("exec sleep 1000"),
    SHELL("trap '' TERM; while :; do sleep 0.01; done", .grace = 50),
    run_shell("exec sleep 1000", much()),
    shell("while :; do echo y; done"),
  };

  assert_int_equal(avow_loop_close(loop), 0);

  for (int i = 0; i < 4; i++) {
    assert_int_equal(avow_error_code(avow_result(ps[i])), UV_ECANCELED);
    avow_unref(ps[i]);
  }
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static avow_value_t take_output_cb(const avow_value_t *v, void *data) {
  *(avow_value_t *) data = avow_value_ref(v);
  return avow_none();
}

static avow_value_t clean_up(void *said) {
  avow_promise_t *p = run_shell("cat", avow_string("input"));
  return avow_follow(avow_shield(avow_then(p, take_output_cb, NULL, said)));
}

static void shielded_command_runs_while_the_loop_closes(void **state) {
  avow_value_t said = avow_none();
  avow_promise_t *p = avow_finally(avow_sleep(loop, LONG), clean_up, &said);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_string_equal(avow_to_bytes(&output(&said)->out, NULL), "input");
  avow_value_unref(said);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

SUITE(command_end) {
  const struct CMUnitTest tests[] = {
    CHILDREN_CASE(output_of_exactly_the_limit_is_accepted),
    CHILDREN_CASE(output_grows_up_to_its_limit),
    CHILDREN_CASE(output_above_the_limit_ends_the_command),
    CHILDREN_CASE(output_above_the_limit_is_still_read),
    CHILDREN_CASE(timeout_ends_the_command_and_keeps_its_output),
    CHILDREN_CASE(timeout_permits_the_command_to_clean_up),
    CHILDREN_CASE(first_failure_is_reported),
    CHILDREN_CASE(second_failure_sends_no_second_signal),
    CHILDREN_CASE(timeout_kills_a_command_that_ignores_sigterm),
    CHILDREN_CASE(command_reaped_outside_libuv_ends_after_its_grace),
    CHILDREN_CASE(command_reaped_outside_libuv_after_a_kill_ends),
    CHILDREN_CASE(unexpired_timeout_does_nothing),
    CHILDREN_CASE(command_that_ends_while_the_loop_blocks_is_in_time),
    CHILDREN_CASE(limit_and_timeout_errors_name_the_command),
    CHILDREN_CASE(command_waits_for_remaining_processes),
    CHILDREN_CASE(timeout_limits_the_wait_for_remaining_processes),
    CHILDREN_CASE(command_may_close_its_output_and_continue),
    CHILDREN_CASE(canceled_command_ends_in_the_background),
    CHILDREN_CASE(canceled_command_is_killed_after_the_grace),
    CHILDREN_CASE(canceled_command_ignores_its_timeout),
    CHILDREN_CASE(command_canceled_after_its_exit_is_dropped),
    CHILDREN_CASE(command_canceled_with_pending_input_is_dropped),
    CHILDREN_CASE(cancel_after_the_command_ends_changes_nothing),
    CHILDREN_CASE(loop_close_ends_commands),
    CHILDREN_CASE(shielded_command_runs_while_the_loop_closes),
    CHILDREN_CASE(handles_may_be_closed_after_the_exit),
  };
  harness_init();
  return cmocka_run_group_tests(tests, children_prepare, NULL);
}
