/* SPDX-License-Identifier: MIT */
/* Out of memory: async functions survive it, even if no stack can be
   allocated. */
#include "base/alloc.h"
#include "fiber/stack.h"
#include "torture.h"

#ifndef _WIN32 /* Windows allocates the stacks itself */

static void *(*map_pages)(size_t size);

/* Counts a mapping as an allocation. */
static void *map_or_fail(size_t size) {
  void *token = avow_malloc(1);
  if (token == NULL)
    return NULL;
  avow_free(token);
  return map_pages(size);
}

#endif

/* Holds a value across awaits. */
static avow_value_t await_fn(void *data) {
  use(data);
  const avow_value_t held = duty_object();
  static const avow_local_t key = { .name = NULL };
  avow_ignore(avow_local_set(&key, duty_object()));
  avow_promise_t *p = avow_sleep(loop, 0);
  avow_value_t v = avow_await(p);
  use(data);
  if (!avow_is_error(&v))
    v = avow_await(avow_promise_resolve(loop, duty_object()));
  avow_value_t other = avow_none();
  avow_ignore(avow_awaited(v, AVOW_NONE, NULL, &other));
  avow_value_unref(other);
  return held;
}

static avow_promise_t *start(avow_fn fn) {
  duty_t *data = duty_new();
  return avow_attach(avow_async(loop, fn, data), data, duty_end);
}

static avow_value_t nested_fn(void *data) {
  use(data);
  avow_promise_t *p = start(await_fn);
  avow_promise_t *q = start(await_fn);
  avow_value_unref(avow_await(p));
  use(data);
  return avow_follow(q);
}

/* Awaits that throw, as C++ code uses them, with no exception in flight. */

static void *globals(void) {
  static void *none[3];
  return none;
}

static avow_value_t call_it(avow_fn fn, void *data) {
  return fn(data);
}

static avow_value_t await_throwing_fn(void *data) {
  use(data);
  return avow_await_throwing(avow_sleep(loop, 0), globals());
}

static avow_promise_t *start_throwing(avow_fn fn) {
  static const avow_exceptions_t with = { .globals = globals, .call = call_it };
  duty_t *data = duty_new();
  return avow_attach(avow_async_throwing(loop, fn, data, &with), data,
                     duty_end);
}

static avow_promise_t *functions(void) {
  avow_promise_t *ps[5];
  for (size_t i = 0; i < 4; i++)
    ps[i] = start(i % 2 == 0 ? await_fn : nested_fn);
  ps[4] = start_throwing(await_throwing_fn);
  avow_cancel(ps[2]);
  avow_cancel_with(ps[3], duty_object());
  return avow_all_settled(loop, ps, 5);
}

static void async_functions_survive(void **state) {
  survive(functions);
}

static int fail_maps(void **state) {
#ifndef _WIN32
  map_pages = avow__map_pages;
  avow__map_pages = map_or_fail;
#endif
  return start_pool_alone(state);
}

SUITE(oom_async) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(async_functions_survive),
  };
  harness_init();
  return cmocka_run_group_tests(tests, fail_maps, NULL);
}
