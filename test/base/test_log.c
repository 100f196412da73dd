/* SPDX-License-Identifier: MIT */
/* Functions of the program that receive the messages of avow. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "avow/log.h"
#include "harness.h"

static char lines[4096];

static void keep_line(const char *line, void *data) {
  assert_string_equal(data, "log");
  assert_null(strchr(line, '\n'));
  (void) snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s\n",
                  line);
}

static char the_data[] = "log";

static void reject_unhandled(const char *text) {
  avow_unref(avow_promise_reject(loop, avow_error_new(UV_EIO, avow_none(), "%s",
                                                      text)));
}

static int log_setup(void **state) {
  lines[0] = '\0';
  avow_set_log(keep_line, the_data);
  return harness_setup(state);
}

static int log_teardown(void **state) {
  avow_set_log(NULL, NULL);
  return harness_teardown(state);
}

#define LOG_CASE(f) cmocka_unit_test_setup_teardown(f, log_setup, log_teardown)

static void log_receives_an_unhandled_rejection(void **state) {
  reject_unhandled("no route");

  static const char line[] = "avow: unhandled rejection: no route (EIO)";
  assert_int_equal(strncmp(lines, line, strlen(line)), 0);
  assert_ptr_equal(strchr(lines, '\n'), lines + strlen(lines) - 1);
}

/* A text with newlines must not look like several lines. */
static void line_of_the_log_has_no_newline(void **state) {
  reject_unhandled("no\r\navow: route");

  assert_non_null(strstr(lines, "unhandled rejection: no  avow: route (EIO)"));
}

/* Longer than the buffer for usual lines. */
static void log_receives_a_long_line_whole(void **state) {
  char text[1200];
  memset(text, 'x', sizeof(text));
  text[sizeof(text) - 1] = '\0';

  reject_unhandled(text);

  assert_non_null(strstr(lines, text));
  assert_non_null(strstr(lines, " (EIO)")); /* a place may follow */
}

static void log_receives_a_cut_line_without_memory(void **state) {
  char text[1200];
  memset(text, 'x', sizeof(text));
  text[sizeof(text) - 1] = '\0';
  avow_promise_t *p =
      avow_promise_reject(loop,
                          avow_error_new(UV_EIO, avow_none(), "%s", text));

  fail_allocation(1, true);
  avow_unref(p);
  fail_allocation(0, false);

  assert_int_equal(strncmp(lines, "avow: unhandled rejection: xx", 29), 0);
  assert_int_equal(strlen(lines), 512);
}

#ifndef NDEBUG

static int ends[2]; /* a pipe from the child */

static void write_line(const char *line, void *data) {
  assert_true(write(ends[1], line, strlen(line)) > 0);
  assert_int_equal(write(ends[1], "\n", 1), 1);
}

static void note_misuse(const char *message, void *data) {
  assert_string_equal(data, "hook");
  write_line("hook gets:", NULL);
  write_line(message, NULL);
  avow_unref(avow_then(NULL, NULL, NULL, NULL)); /* ends the process */
}

static void misuse_with_hook(void) {
  static char hook[] = "hook";
  (void) signal(SIGABRT, SIG_DFL); /* cmocka catches the signal otherwise */
  avow_set_log(write_line, NULL);
  avow_set_misuse(note_misuse, hook);
  avow_unref(avow_sleep(NULL, 1));
  _exit(0);
}

static void misuse_calls_the_hook_once_and_aborts(void **state) {
  assert_int_equal(pipe(ends), 0);
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0)
    misuse_with_hook();
  assert_int_equal(close(ends[1]), 0);
  FILE *from = fdopen(ends[0], "r");
  char text[1024] = "";
  (void) fread(text, 1, sizeof(text) - 1, from);
  assert_int_equal(fclose(from), 0);
  int status = 0;
  assert_int_equal(waitpid(pid, &status, 0), pid);

  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  assert_string_equal(
      text,
      "avow: avow_sleep(): loop is NULL; pass a valid loop\n"
      "hook gets:\n"
      "avow_sleep(): loop is NULL; pass a valid loop\n"
      "avow: avow_then(): promise is NULL; pass a valid promise\n");
}

#endif

SUITE(log) {
  const struct CMUnitTest tests[] = {
    LOG_CASE(log_receives_an_unhandled_rejection),
    LOG_CASE(line_of_the_log_has_no_newline),
    LOG_CASE(log_receives_a_long_line_whole),
    LOG_CASE(log_receives_a_cut_line_without_memory),
#ifndef NDEBUG
    CASE(misuse_calls_the_hook_once_and_aborts),
#endif
  };
  return RUN(tests);
}
