/* SPDX-License-Identifier: MIT */
#include "turns.h"

#include "harness.h"

void iterate(int n) {
  for (int i = 0; i < n; i++) {
    (void) uv_run(loop, UV_RUN_NOWAIT);
    uv_sleep(1);
  }
}

/* Calls back once in each iteration, which counts them. */
static uv_timer_t timer;
static int left;
static void (*behind)(void);

static void count(uv_timer_t *handle) {
  if (--left == 0)
    behind();
}

void behind_iterations(int n, void (*fn)(void)) {
  left = n;
  behind = fn;
  (void) uv_timer_init(loop, &timer);
  (void) uv_timer_start(&timer, count, 1, 1);
  uv_unref((uv_handle_t *) &timer);
}

void stop_counting(void) {
  uv_close((uv_handle_t *) &timer, NULL);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* runs whatever else is due */
}
