/* SPDX-License-Identifier: MIT */
/* Creates values and promises of several kinds, which test_gdb.sh prints. */
#include <limits.h>

#include "avow/all.h"

static uv_loop_t loop;

/* The debugger stops here. */
static int all_there(const avow_value_t *values,
                     avow_promise_t *const promises[], size_t n) {
  int settled = 0;
  for (size_t i = 0; i < n; i++)
    settled += avow_state(promises[i]) != AVOW_PENDING;
  return settled + (int) values[0].tag;
}

static avow_value_t double_it(const avow_value_t *v, void *data) {
  return avow_int(2 * avow_to_int(v));
}

static avow_value_t a_list(void) {
  avow_value_t items[] = { avow_int(1), avow_string("two") };
  return avow_list(items, 2);
}

/* A volatile pointer prevents inlining into main(). */
static int (*volatile look)(const avow_value_t *, avow_promise_t *const[],
                            size_t) = all_there;

int main(void) {
  static const avow_class_t klass = { .name = "thing" };
  avow_deferred_t *d;
  if (uv_loop_init(&loop) != 0 ||
      avow_loop_init(&loop, &(avow_options_t){ .slow_us = UINT_MAX }) != 0)
    return 1;
  const avow_value_t values[] = {
    avow_int(-5),
    avow_double(1.5),
    avow_none(),
    avow_bytes("a \"b\"\n\0", 7),
    a_list(),
    avow_error(UV_ENOENT),
    avow_error_new(AVOW_EBROKEN, avow_error(UV_EOF), "nobody said %s", "it"),
    avow_object(&klass, &loop),
  };
  const size_t n = sizeof(values) / sizeof(values[0]);
  avow_promise_t *p = avow_promise_new(&loop, &d);
  avow_promise_set_name(p, "the first");
  avow_promise_t *promises[] = {
    avow_ref(p),
    avow_then(p, double_it, NULL, NULL),
    avow_promise_resolve(&loop, avow_int(7)),
    avow_promise_reject(&loop, avow_error_new(UV_EIO, avow_none(), "smoke")),
    avow_all(&loop, NULL, 0),
  };
  const int settled = look(values, promises, 4);
  for (size_t i = 0; i < n; i++)
    avow_value_unref(values[i]);
  (void) avow_resolve(d, avow_int(1)); /* the promise is pending */
  for (size_t i = 0; i < sizeof(promises) / sizeof(promises[0]); i++)
    avow_value_unref(avow_run(promises[i]));
  return avow_loop_close(&loop) == 0 && settled == 2 + AVOW_INT ? 0 : 1;
}
