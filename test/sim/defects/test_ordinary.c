/* SPDX-License-Identifier: MIT */
/*
 * Tests the programs with planted defects as a careful user would: with real
 * sockets and files, and with a virtual clock that advances by itself. The
 * tests pass, because such tests do not find the defects.
 */
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "programs.h"

static uv_loop_t the_loop, *const loop = &the_loop;

/* The program must succeed and leave nothing on the loop. */
static void fulfills(const char *name, begin_fn begin) {
  const avow_options_t options = { .clock = AVOW_CLOCK_BY_ITSELF,
                                   .clock_quiet_ms = 200,
                                   .slow_us = UINT_MAX };
  assert_int_equal(uv_loop_init(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);

  const avow_value_t v = avow_run(begin(loop, NULL));

  if (avow_is_error(&v))
    fail_msg("%s: %s", name, avow_error_message(&v));
  avow_value_unref(v);
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(uv_loop_close(loop), 0);
}

static void program_completes_its_task(void **state) {
  const program_t *program = *state;

  fulfills(program->name, program->begin);
  if (program->recover != NULL)
    fulfills(program->name, program->recover);
}

/* The files of the programs are removed with a temporary directory. */
static char place[] = "/tmp/avow-defects-XXXXXX";

static int enter(void **state) {
  return mkdtemp(place) == NULL || chdir(place) != 0;
}

static int leave(void **state) {
  (void) remove("motto");
  (void) remove("state");
  return chdir("/") != 0 || rmdir(place) != 0;
}

int main(void) {
  (void) signal(SIGPIPE, SIG_IGN);
  struct CMUnitTest tests[20];
  size_t n = 0;
  for (; programs[n] != NULL; n++)
    tests[n] = (struct CMUnitTest){
      .name = programs[n]->name,
      .test_func = program_completes_its_task,
      .initial_state = (void *) (uintptr_t) programs[n],
    };
  return _cmocka_run_group_tests("ordinary", tests, n, enter, leave);
}
