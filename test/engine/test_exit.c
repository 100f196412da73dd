/* SPDX-License-Identifier: MIT */
/* Processes that exit, each in a child: from main(), in a handler, on the stack
   of an async function, while other threads run, and on a thread of the pool. A
   handler of atexit() closes avow. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fiber/sanitizers.h"
#include "harness.h"

/* If a process exits on another stack, a leak checker does not find memory that
   only main()'s stack refers to. */
#if !defined(AVOW_NO_ASYNC) && !AVOW__ASAN
#  define ON_ANOTHER_STACK 1
#else
#  define ON_ANOTHER_STACK 0
#endif

enum { CODE = 7 };

static uv_loop_t own;

/* The child writes its words to this file descriptor. */
static int told;

static void tell(const char *word) {
  (void) !write(told, word, strlen(word)); /* then words are missing */
}

static void close_at_exit(void) {
  const int err = avow_loop_close(&own);
  if (err == 0)
    (void) uv_loop_close(&own); /* fails if other handles are open */
  tell(err == 0 ? "closed" : uv_err_name(err));
}

static avow_value_t tell_cb(const avow_value_t *arg, void *data) {
  tell(avow_err_name(avow_error_code(arg)));
  tell(" ");
  return avow_none();
}

static avow_value_t exit_cb(const avow_value_t *arg, void *data) {
  exit(CODE);
}

static void exit_from_main(void) {
  avow_unref(avow_catch(avow_sleep(&own, 60000), tell_cb, NULL));
  exit(CODE);
}

static void exit_in_a_handler(void) {
  avow_unref(avow_catch(avow_sleep(&own, 60000), tell_cb, NULL));
  avow_ignore(avow_run(avow_then(avow_sleep(&own, 1), exit_cb, NULL, NULL)));
}

#if ON_ANOTHER_STACK
static avow_value_t exit_fn(void *data) {
  exit(CODE);
}

static void exit_in_an_async_function(void) {
  avow_ignore(avow_run(avow_async(&own, exit_fn, NULL)));
}
#endif

static avow_value_t once_more(const avow_value_t *stat, void *data) {
  return avow_none();
}

static avow_value_t look(void *data) {
  avow_promise_t *p = avow_fs_stat(data, ".");
  return avow_follow(avow_then(p, once_more, NULL, NULL));
}

static avow_value_t look_for_ever(uv_loop_t *there, void *data) {
  return avow_follow(avow_repeat(there, look, there));
}

static void exit_after_closing_loops(void) {
  avow_loops_t *loops = avow_loops_new(2);
  for (size_t i = 0; i < avow_loops_count(loops); i++)
    avow_unref(avow_loops_run(loops, i, &own, look_for_ever, NULL));
  avow_ignore(avow_run(avow_loops_close(loops, &own)));
  exit(CODE);
}

static avow_value_t end_fn(void *data) {
  tell("work");
  /* exit() would make the pool wait for this thread. _Exit() is _exit() by a
     name that coverage.sh does not replace. */
  _Exit(CODE);
}

static void end_in_work(void) {
  avow_ignore(avow_run(avow_work(&own, end_fn, NULL, NULL)));
}

static void begin(void (*fn)(void)) {
  (void) alarm(240);
  if (uv_loop_init(&own) == 0 && avow_loop_init(&own, &steady) == 0 &&
      atexit(close_at_exit) == 0)
    fn();
  _exit(1);
}

/* Asserts that a child that calls `fn` exits with CODE and writes `words`. */
static void assert_exits(void (*fn)(void), const char *words) {
  char text[256];
  int fds[2], status;
  assert_int_equal(pipe(fds), 0);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    told = fds[1];
    begin(fn);
  }
  (void) close(fds[1]);
  size_t len = 0;
  for (ssize_t n; (n = read(fds[0], text + len, sizeof(text) - 1 - len)) > 0;)
    len += (size_t) n;
  text[len] = '\0';
  (void) close(fds[0]);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_string_equal(text, words);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), CODE);
}

static void exit_from_main_cancels_pending_promises(void **state) {
  assert_exits(exit_from_main, "ECANCELED closed");
}

static void exit_in_a_handler_leaves_the_loop_open(void **state) {
  assert_exits(exit_in_a_handler, "EBUSY");
}

static void exit_works_after_the_loops_are_closed(void **state) {
  assert_exits(exit_after_closing_loops, "closed");
}

static void underscore_exit_ends_the_process_during_work(void **state) {
  assert_exits(end_in_work, "work");
}

#if ON_ANOTHER_STACK
static void exit_in_an_async_function_leaves_the_loop_open(void **state) {
  assert_exits(exit_in_an_async_function, "EBUSY");
}
#endif

SUITE(exit) {
  const struct CMUnitTest tests[] = {
    CASE(exit_from_main_cancels_pending_promises),
    CASE(exit_in_a_handler_leaves_the_loop_open),
    CASE(exit_works_after_the_loops_are_closed),
    CASE(underscore_exit_ends_the_process_during_work),
#if ON_ANOTHER_STACK
    CASE(exit_in_an_async_function_leaves_the_loop_open),
#endif
  };
  return RUN(tests);
}
