/* SPDX-License-Identifier: MIT */
/*
 * Depth of async functions: each waits for the next one, in a chain that is as
 * long as the stacks of a usual system allow.
 */
#include "deep.h"

enum { FUNCTIONS = WATCHED ? 2000 : 5000 };

static int begun;
static avow_promise_t *innermost;

static avow_value_t wait_for(void *p) {
  return avow_await(p);
}

/* Starts the last function first. No function starts inside another one. */
static avow_promise_t *begin_inside(avow_promise_t *p) {
  for (int i = 0; i < FUNCTIONS; i++)
    p = avow_async(loop, wait_for, p);
  return p;
}

static avow_value_t begin_next(void *unused) {
  if (++begun == FUNCTIONS)
    return avow_await(innermost);
  return avow_await(avow_async(loop, begin_next, NULL));
}

/* Starts the first function first. Each function starts the next one. */
static avow_promise_t *begin_outside(avow_promise_t *p) {
  begun = 0;
  innermost = p;
  return avow_async(loop, begin_next, NULL);
}

static avow_promise_t *(*const begins[])(avow_promise_t *) = { begin_inside,
                                                               begin_outside };

enum { BEGINS = sizeof(begins) / sizeof(begins[0]) };

DEEP(functions_awaiting_each_other_return) {
  for (size_t i = 0; i < BEGINS; i++) {
    avow_deferred_t *d;
    avow_promise_t *p = begins[i](avow_promise_new(loop, &d));

    (void) avow_resolve(d, avow_int(7));

    expect_int(p, 7);
  }
}

DEEP(functions_awaiting_each_other_fail) {
  for (size_t i = 0; i < BEGINS; i++) {
    avow_deferred_t *d;
    avow_promise_t *p = begins[i](avow_promise_new(loop, &d));

    (void) avow_reject(d, avow_error(UV_EIO));

    expect_code(p, UV_EIO);
  }
}

DEEP(canceling_functions_reaches_the_innermost) {
  for (size_t i = 0; i < BEGINS; i++) {
    avow_deferred_t *d;
    avow_promise_t *p = begins[i](avow_promise_new(loop, &d));
    avow_on_cancel(d, count_end, NULL);
    count = 0;

    expect_cancels(p);

    avow_deferred_drop(d);
  }
}

DEEP(released_functions_run_to_their_end) {
  for (size_t i = 0; i < BEGINS; i++) {
    avow_deferred_t *d;
    avow_promise_t *p = begins[i](avow_promise_new(loop, &d));

    avow_unref(p);
    (void) avow_resolve(d, avow_int(7));

    run_dry();
  }
}

static void closes(avow_promise_t *(*begin)(avow_promise_t *) ) {
  avow_deferred_t *d;
  avow_promise_t *p = begin(avow_promise_new(loop, &d));

  expect_close_cancels(p, d);
}

DEEP(closing_the_loop_ends_functions_begun_inside) {
  closes(begin_inside);
}

DEEP(closing_the_loop_ends_functions_begun_outside) {
  closes(begin_outside);
}

SUITE(depth_async) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(functions_awaiting_each_other_return),
    cmocka_unit_test(functions_awaiting_each_other_fail),
    cmocka_unit_test(canceling_functions_reaches_the_innermost),
    cmocka_unit_test(released_functions_run_to_their_end),
    cmocka_unit_test(closing_the_loop_ends_functions_begun_inside),
    cmocka_unit_test(closing_the_loop_ends_functions_begun_outside),
  };
  return RUN(tests);
}
