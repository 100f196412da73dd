/* SPDX-License-Identifier: MIT */
/*
 * Fixture: loops on threads of their own, and functions that run there until
 * they are canceled. These tests are also for ThreadSanitizer.
 */
#ifndef OVER_THERE_H
#define OVER_THERE_H

#include <stdatomic.h>

#include "harness.h"

enum { LOOPS = 4 };

extern avow_loops_t *loops;
extern uv_sem_t arrived; /* posted on those threads */
extern atomic_int notes; /* number of events on other threads */

/* A test with loops, which it must end. */
#define LOOPS_CASE(f) \
  cmocka_unit_test_setup_teardown(f, loops_setup, harness_teardown)
int loops_setup(void **state);
void end_loops(void);

/* For avow_loops_run(): ends soon, or posts `arrived`, waits until it is
   canceled, and then cleans up. */
avow_value_t sleep_there(uv_loop_t *own, void *data);
avow_value_t hang(uv_loop_t *own, void *data);

/* For avow_finally(): notes its call, and takes a moment on the loop. */
avow_value_t clean_up(void *own);

#endif
