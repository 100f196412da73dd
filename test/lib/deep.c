/* SPDX-License-Identifier: MIT */
/* A small stack, and a loop that runs on it. */
#include "deep.h"

enum {
  LINKS = WATCHED ? 100000 : 25000,
  LEVELS = WATCHED ? 20000 : 5000,
  KIB = 1024
};

int links, levels;
int64_t count;
int64_t unhandled;

static const char *problem;

void expect(bool fine, const char *what) {
  if (!fine && problem == NULL)
    problem = what;
}

static void on_unhandled(uv_loop_t *at, const avow_value_t *reason,
                         const char *where, void *data) {
  unhandled++;
}

static void run_deep(void *fn) {
  static const avow_options_t options = {
    STEADY,
    .on_unhandled = on_unhandled,
    .stack_size = (WATCHED ? 64 : 32) * KIB, /* the tests start many async
                                                functions */
    .guard_size = 1,
  };
  uv_loop_t own;
  loop = &own;
  expect(uv_loop_init(&own) == 0, "the loop starts");
  expect(avow_loop_init(&own, &options) == 0, "avow starts");
  (*(void (**)(void)) fn)();
  const int closed = avow_loop_close(&own);
  expect(closed == 0 || closed == UV_EINVAL, "avow ends, or had ended");
  expect(uv_loop_close(&own) == 0, "the loop ends without handles");
}

static int wanted(const char *variable, int usual) {
  const char *number = getenv(variable);
  return number != NULL ? atoi(number) : usual;
}

void deep(void (*fn)(void)) {
  const uv_thread_options_t options = { .flags = UV_THREAD_HAS_STACK_SIZE,
                                        .stack_size = STACK };
  const long before = live_allocations();
  uv_thread_t thread;
  problem = NULL;
  links = wanted("LINKS", LINKS);
  levels = wanted("LEVELS", LEVELS);
  count = unhandled = 0;

  assert_int_equal(uv_thread_create_ex(&thread, &options, run_deep, &fn), 0);
  assert_int_equal(uv_thread_join(&thread), 0);

  if (problem != NULL)
    fail_msg("expected: %s", problem);
  assert_int_equal(live_allocations(), before);
}

void expect_code(avow_promise_t *p, int code) {
  const avow_value_t v = avow_run(p);
  expect(avow_error_code(&v) == code, avow_err_name(code));
  avow_value_unref(v);
}

void expect_int(avow_promise_t *p, int64_t expected) {
  const avow_value_t v = avow_run(p);
  expect(v.tag == AVOW_INT && v.u.i == expected, "the sum of all links");
  avow_value_unref(v);
}

void count_end(void *data) {
  count++;
}

void expect_cancels(avow_promise_t *p) {
  avow_cancel(p);

  expect(count == 1, "the innermost heard of it");
  expect_code(p, UV_ECANCELED);
}

void expect_close_cancels(avow_promise_t *p, avow_deferred_t *d) {
  expect(avow_loop_close(loop) == 0, "it closes");

  expect(avow_state(p) == AVOW_REJECTED, "it is rejected");
  expect(avow_error_code(avow_result(p)) == UV_ECANCELED, "UV_ECANCELED");
  avow_deferred_drop(d);
  avow_unref(p);
}

void run_dry(void) {
  expect(uv_run(loop, UV_RUN_DEFAULT) == 0, "nothing left to do");
  avow_stats_t stats;
  avow_loop_stats(loop, &stats, sizeof(stats));
  expect(stats.live == 0, "no promise left");
}
