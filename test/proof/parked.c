/* SPDX-License-Identifier: MIT */
/* Parks three async functions, which test_gdb.sh examines. */
#include <limits.h>
#include <stdlib.h>

#include "avow/all.h"

static uv_loop_t loop;
static bool aborts;

static avow_value_t wait_deep(avow_promise_t *p, int depth) {
  avow_value_t v = depth > 0 ? wait_deep(p, depth - 1) : avow_await(p);
  if (depth == 1)
    v = avow_int(avow_to_int(&v) + 1); /* prevents a tail call */
  return v;
}

static avow_value_t first(void *data) {
  const avow_value_t v = wait_deep(data, 2);
  return avow_int(avow_to_int(&v) + 1);
}

static avow_value_t second(void *data) {
  const avow_value_t v = avow_await(data);
  return avow_int(avow_to_int(&v) + 2);
}

static avow_value_t third(void *data) {
  const avow_value_t v = avow_await(avow_sleep(&loop, 0));
  avow_value_unref(v);
  const avow_value_t w = avow_await(data);
  return avow_int(avow_to_int(&w) + 3);
}

/* The debugger stops here. */
static avow_value_t all_parked(const avow_value_t *arg, void *data) {
  if (aborts)
    abort();
  (void) avow_resolve(data, avow_int(1)); /* the promise is pending */
  return avow_none();
}

int main(int argc, char **argv) {
  avow_deferred_t *d;
  aborts = argc > 1;
  if (uv_loop_init(&loop) != 0 ||
      avow_loop_init(&loop, &(avow_options_t){ .slow_us = UINT_MAX }) != 0)
    return 1;
  avow_promise_t *p = avow_promise_new(&loop, &d);
  avow_promise_t *q = avow_ref(p), *r = avow_ref(p);
  avow_promise_t *all[] = {
    avow_async(&loop, first, p), avow_async(&loop, second, q),
    avow_async(&loop, third, r),
    avow_then(avow_sleep(&loop, 20), all_parked, NULL, d)
  };
  const avow_value_t v = avow_run(avow_all(&loop, all, 4));
  const bool well = v.tag == AVOW_LIST;
  avow_value_unref(v);
  return avow_loop_close(&loop) == 0 && well ? 0 : 1;
}
