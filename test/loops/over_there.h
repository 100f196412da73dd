/* SPDX-License-Identifier: MIT */
/* Loops on threads of their own, and what runs there until it is cancelled. All
   of it is also for ThreadSanitizer. */
#ifndef OVER_THERE_H
#define OVER_THERE_H

#include <stdatomic.h>

#include "harness.h"

enum { LOOPS = 4 };

extern avow_loops_t *loops;
extern uv_sem_t arrived; /* posted by those who are there */
extern atomic_int notes; /* of other threads: how often something happened */

/* A test with loops, which it has to end. */
#define LOOPS_CASE(f) \
  cmocka_unit_test_setup_teardown(f, loops_setup, harness_teardown)
int loops_setup(void **state);
void end_loops(void);

/* For avow_loops_run(): ends soon, or says that it arrived, hangs until it is
   cancelled, and then cleans up. */
avow_value_t sleep_there(uv_loop_t *own, void *data);
avow_value_t hang(uv_loop_t *own, void *data);

/* For avow_finally(): notes it, and takes a moment on the loop. */
avow_value_t clean_up(void *own);

#endif
