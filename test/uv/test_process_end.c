/* SPDX-License-Identifier: MIT */
/*
 * Processes that the program releases, and processes whose handles it closes.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"

static void last_release_kills_the_process(void **state) {
  const avow_value_t process =
      spawned(start_shell("trap '' TERM INT HUP; while :; do sleep 1; done"));
  const uv_pid_t pid = avow_process_pid(&process);
  avow_promise_t *p = avow_process_wait(&process);
  const avow_value_t again = avow_value_ref(&process);

  avow_value_unref(process);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_false(is_gone(pid));
  avow_value_unref(again);

  assert_ends(p, 0, SIGKILL);
  assert_true(is_gone(pid));
}

static void process_is_reaped_without_a_wait(void **state) {
  const avow_value_t process = spawned(start_shell("exit 1"));
  const uv_pid_t pid = avow_process_pid(&process);

  run();

  assert_true(is_gone(pid));
  avow_value_unref(process);
}

static void loop_closes_after_the_program_reaped_a_process(void **state) {
  const avow_value_t process =
      spawned(start((char *[]){ "sleep", "1000", NULL }));
  const uv_pid_t pid = avow_process_pid(&process);
  assert_int_equal(avow_process_kill(&process, SIGKILL), 0);
  assert_int_equal(waitpid(pid, NULL, 0), pid);

  assert_int_equal(avow_loop_close(loop), 0);

  avow_value_unref(process);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void wait_can_be_canceled(void **state) {
  const avow_value_t process =
      spawned(start((char *[]){ "sleep", "1000", NULL }));
  avow_promise_t *first = avow_process_wait(&process);
  avow_promise_t *second = avow_process_wait(&process);

  avow_cancel(first);
  assert_rejects(first, UV_ECANCELED);
  assert_int_equal(avow_process_kill(&process, SIGINT), 0);

  assert_ends(second, 0, SIGINT);
  avow_value_unref(process);
}

static void single_wait_can_be_canceled(void **state) {
  const avow_value_t process =
      spawned(start((char *[]){ "sleep", "1000", NULL }));

  avow_promise_t *p = avow_process_wait(&process);
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(avow_process_kill(&process, SIGINT), 0);

  assert_ends(avow_process_wait(&process), 0, SIGINT);
  avow_value_unref(process);
}

static void reopen(void) {
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void loop_close_kills_and_reaps_processes(void **state) {
  const avow_value_t process =
      spawned(start_shell("trap '' TERM; while :; do sleep 1; done"));
  const uv_pid_t pid = avow_process_pid(&process);
  avow_promise_t *p = avow_process_wait(&process);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_true(is_gone(pid));
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  assert_int_equal(avow_process_kill(&process, SIGTERM), UV_ESRCH);
  avow_unref(p);
  avow_value_unref(process);
  reopen();
}

static void loop_close_does_not_kill_a_detached_process(void **state) {
  char *args[] = { "sleep", "1000", NULL };
  const avow_value_t process = spawned(start_with(args, UV_PROCESS_DETACHED));
  const uv_pid_t pid = avow_process_pid(&process);

  assert_int_equal(avow_loop_close(loop), 0);

  int status = 0;
  assert_int_equal(avow_process_kill(&process, SIGKILL), UV_ESRCH);
  assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
  assert_int_equal(uv_kill(pid, SIGKILL), 0);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  avow_value_unref(process);
  reopen();
}

static void detached_process_outlives_its_value(void **state) {
  char *args[] = { "sleep", "1000", NULL };
  const avow_value_t process = spawned(start_with(args, UV_PROCESS_DETACHED));
  const uv_pid_t pid = avow_process_pid(&process);
  avow_promise_t *p = avow_process_wait(&process);

  avow_value_unref(process);
  run(); /* returns, because the process does not keep the loop alive */
  assert_false(is_gone(pid));
  assert_int_equal(uv_kill(pid, SIGTERM), 0);
  avow_promise_t *enough = avow_sleep(loop, 60 * 1000); /* keeps it alive */

  assert_ends(p, 0, SIGTERM);
  avow_cancel(enough);
  avow_unref(enough);
}

static avow_value_t close_all_cb(const avow_value_t *reason, void *data) {
  uv_walk(loop, close_handle, NULL);
  return avow_none();
}

/* libuv does not reap a process whose handle is closed. */
static void assert_was_killed(uv_pid_t pid) {
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void program_may_close_all_handles(void **state) {
  const avow_value_t process =
      spawned(start((char *[]){ "sleep", "1000", NULL }));
  const uv_pid_t pid = avow_process_pid(&process);
  avow_promise_t *wait = avow_process_wait(&process);
  uv_walk(loop, close_handle, NULL);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(wait)->code, UV_ECANCELED);
  assert_was_killed(pid);
  assert_int_equal(avow_process_kill(&process, SIGTERM), UV_ESRCH);
  avow_unref(wait);
  avow_value_unref(process);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void handles_may_be_closed_before_the_release(void **state) {
  const avow_value_t process =
      spawned(start_piped((char *[]){ "sleep", "1000", NULL }));
  const uv_pid_t pid = avow_process_pid(&process);
  uv_walk(loop, close_handle, NULL);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the result does not matter */

  avow_value_unref(process);
  assert_int_equal(avow_loop_close(loop), 0);

  assert_was_killed(pid);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void handles_may_be_closed_after_the_release(void **state) {
  const avow_value_t process =
      spawned(start((char *[]){ "sleep", "1000", NULL }));
  const uv_pid_t pid = avow_process_pid(&process);

  avow_value_unref(process);
  uv_walk(loop, close_handle, NULL);
  assert_int_equal(avow_loop_close(loop), 0);

  assert_was_killed(pid);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void close_handles_while_the_loop_closes(void) {
  const avow_value_t process =
      spawned(start((char *[]){ "sleep", "1000", NULL }));
  const uv_pid_t pid = avow_process_pid(&process);
  avow_promise_t *p = avow_process_wait(&process);
  avow_unref(avow_catch(p, close_all_cb, NULL));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_was_killed(pid);
  avow_value_unref(process);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void handles_may_be_closed_while_the_loop_closes(void **state) {
  close_handles_while_the_loop_closes();
}

/* No event may follow. */
static void loop_close_does_not_wait_for_other_threads(void **state) {
  avow_mailbox_unref(avow_mailbox_new(loop));
  run();

  close_handles_while_the_loop_closes();
}

SUITE(process_end) {
  const struct CMUnitTest tests[] = {
    CHILDREN_CASE(last_release_kills_the_process),
    CHILDREN_CASE(process_is_reaped_without_a_wait),
    CHILDREN_CASE(loop_closes_after_the_program_reaped_a_process),
    CHILDREN_CASE(wait_can_be_canceled),
    CHILDREN_CASE(single_wait_can_be_canceled),
    CHILDREN_CASE(loop_close_kills_and_reaps_processes),
    CHILDREN_CASE(loop_close_does_not_kill_a_detached_process),
    CHILDREN_CASE(detached_process_outlives_its_value),
    CHILDREN_CASE(program_may_close_all_handles),
    CHILDREN_CASE(handles_may_be_closed_before_the_release),
    CHILDREN_CASE(handles_may_be_closed_after_the_release),
    CHILDREN_CASE(handles_may_be_closed_while_the_loop_closes),
    CHILDREN_CASE(loop_close_does_not_wait_for_other_threads),
  };
  harness_init();
  return cmocka_run_group_tests(tests, children_prepare, NULL);
}
