/* SPDX-License-Identifier: MIT */
/* The report of a checked build at the end of a process, a child here. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

static uv_loop_t own;

static void open_own(void) {
  const avow_options_t options = { .slow_us = UINT_MAX };
  assert_int_equal(uv_loop_init(&own), 0);
  assert_int_equal(avow_loop_init(&own, &options), 0);
}

static void close_own(void) {
  assert_int_equal(avow_loop_close(&own), 0);
  assert_int_equal(uv_loop_close(&own), 0);
}

/* The child inherits the loop of the test, and closes it first. */
static void run_to_exit(void (*fn)(void), int fd) {
  assert_int_equal(uv_loop_fork(loop), 0);
  assert_int_equal(avow_loop_close(loop), 0);
  (void) dup2(fd, STDERR_FILENO);
  fn();
  exit(0);
}

/* Returns what a process prints to stderr that runs fn and then exits. */
static const char *printed_by(void (*fn)(void)) {
  static char text[2048];
  int fds[2], status = 0;
  assert_int_equal(pipe(fds), 0);
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0)
    run_to_exit(fn, fds[1]);
  assert_int_equal(close(fds[1]), 0);
  FILE *from = fdopen(fds[0], "r");
  assert_non_null(from);
  text[fread(text, 1, sizeof(text) - 1, from)] = '\0';
  assert_int_equal(fclose(from), 0);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  return text;
}

static void assert_silent(void (*fn)(void)) {
  const char *text = printed_by(fn);
  if (strstr(text, "avow: ") != NULL)
    fail_msg("expected nothing, but: %s", text);
}

#ifndef NDEBUG

static void assert_reports(void (*fn)(void), const char *expected) {
  const char *text = printed_by(fn);
  if (strstr(text, expected) == NULL)
    fail_msg("expected '%s' in: %s", expected, text);
}

static const avow_class_t shape = { .name = "shape" };

static void leak_values(void) {
  open_own();
  for (int i = 0; i < 1000; i++)
    (void) avow_string("leak").tag; /* the value is lost */
  (void) avow_object(&shape, NULL).tag;
  close_own();
}

static void leaked_values_are_counted_by_class(void **state) {
  assert_reports(leak_values,
                 "avow: at exit: 1001 values are still referenced; call "
                 "avow_value_unref() on each:\navow:   1000 bytes\n");
  assert_reports(leak_values, "avow:   1 shape\n");
}

/* The items and the cause are freed with the outer values. */
static void leak_nested_values(void) {
  avow_value_t items[] = { avow_string("a"), avow_string("b") };
  open_own();
  const avow_value_t list = avow_list(items, 2);
  (void) avow_error_new(UV_EIO, list, "outer").tag;
  close_own();
}

static void values_inside_leaked_ones_are_not_counted(void **state) {
  assert_reports(leak_nested_values,
                 "at exit: 1 value is still referenced; call "
                 "avow_value_unref() on it:\navow:   1 error\n");
}

static void leak_an_object_without_its_class(void) {
  avow_class_t *klass = malloc(sizeof(*klass));
  char *name = strdup("unloaded");
  *klass = (avow_class_t){ .name = name };
  open_own();
  (void) avow_object(klass, NULL).tag;
  close_own();
  free(name);
  free(klass);
}

static void leaked_object_is_named_without_its_class(void **state) {
  assert_reports(leak_an_object_without_its_class, "avow:   1 unloaded\n");
}

static void forget_the_close(void) {
  open_own();
  avow_ignore(avow_run(avow_sleep(&own, 0)));
}

static avow_value_t nothing_cb(const avow_value_t *arg, void *data) {
  return avow_none();
}

static void forget_to_run(void) {
  open_own();
  for (int i = 0; i < 3; i++)
    avow_unref(avow_then(avow_sleep(&own, 1), nothing_cb, NULL, NULL));
}

static void open_loop_is_reported(void **state) {
  assert_reports(forget_the_close,
                 "avow: at exit: a loop was not closed; call avow_loop_close() "
                 "once for each avow_loop_init() before the process ends\n");
}

static void promises_of_a_loop_that_never_ran_are_counted(void **state) {
  assert_reports(forget_to_run,
                 "avow: at exit: a loop was never run; call avow_run() or "
                 "uv_run(), and then avow_loop_close()\n");
  assert_reports(forget_to_run, "avow:   pending: 3 sleep\n");
  assert_reports(forget_to_run, "avow:   pending: 3 then\n");
}

#endif

static avow_value_t kept;

static void release_after_the_close(void) {
  open_own();
  kept = avow_run(avow_promise_resolve(&own, avow_string("kept")));
  close_own();
  avow_value_unref(kept);
}

static void release_kept(void) {
  avow_value_unref(kept);
}

static void release_in_an_exit_handler(void) {
  assert_int_equal(atexit(release_kept), 0);
  open_own();
  kept = avow_run(avow_promise_resolve(&own, avow_string("kept")));
  close_own();
}

static void clean_exit_prints_nothing(void **state) {
  assert_silent(release_after_the_close);
  assert_silent(release_in_an_exit_handler);
}

static avow_value_t exit_cb(const avow_value_t *arg, void *data) {
  exit(0);
}

static void exit_in_a_handler(void) {
  open_own();
  kept = avow_string("kept");
  avow_ignore(avow_run(avow_then(avow_sleep(&own, 0), exit_cb, NULL, NULL)));
}

static void exit_in_a_handler_prints_nothing(void **state) {
  assert_silent(exit_in_a_handler);
}

static void leave_a_loop_open(void) {
  const avow_options_t options = { .slow_us = UINT_MAX, .may_stay_open = true };
  assert_int_equal(uv_loop_init(&own), 0);
  assert_int_equal(avow_loop_init(&own, &options), 0);
  kept = avow_run(avow_promise_resolve(&own, avow_string("kept")));
}

static void loop_that_may_stay_open_is_not_reported(void **state) {
  assert_silent(leave_a_loop_open);
}

static void make_values_forever(void *data) {
  for (;;)
    avow_value_unref(avow_string("used"));
}

static void exit_while_a_thread_uses_values(void) {
  uv_thread_t thread;
  open_own();
  assert_int_equal(uv_thread_create(&thread, make_values_forever, NULL), 0);
  avow_ignore(avow_run(avow_sleep(&own, 1)));
  close_own();
}

static void values_of_running_threads_are_not_reported(void **state) {
  for (int i = 0; i < 20; i++)
    assert_silent(exit_while_a_thread_uses_values);
}

static void fork_and_exit(void) {
  open_own();
  const pid_t pid = fork();
  if (pid == 0)
    exit(0); /* the loop belongs to the parent */
  assert_int_equal(waitpid(pid, NULL, 0), pid);
  close_own();
}

static void child_reports_nothing_of_its_parent(void **state) {
  assert_silent(fork_and_exit);
}

SUITE(check_exit) {
  const struct CMUnitTest tests[] = {
#ifndef NDEBUG
    CASE(leaked_values_are_counted_by_class),
    CASE(values_inside_leaked_ones_are_not_counted),
    CASE(leaked_object_is_named_without_its_class),
    CASE(open_loop_is_reported),
    CASE(promises_of_a_loop_that_never_ran_are_counted),
#endif
    CASE(clean_exit_prints_nothing),
    CASE(exit_in_a_handler_prints_nothing),
    CASE(loop_that_may_stay_open_is_not_reported),
    CASE(values_of_running_threads_are_not_reported),
    CASE(child_reports_nothing_of_its_parent),
  };
  return RUN(tests);
}
