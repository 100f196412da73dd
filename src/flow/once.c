/* SPDX-License-Identifier: MIT */
/* Memos. All callers share one call of the function, and later callers get its
   kept value. */
#include "avow/cache.h"

#include "flow/single_flight.h"
#include "tools/tool.h"

typedef struct {
  avow__flight_t flight;
  avow_fn fn;
  void *data;
  void (*free_fn)(void *data);
  bool done;
  avow_value_t value; /* valid when `done` */
} once_t;

static avow_value_t once_run(avow__flight_t *flight) {
  const once_t *once = (once_t *) flight;
  return once->fn(once->data);
}

static void once_landed(avow__flight_t *flight, const avow_value_t *outcome) {
  once_t *once = (once_t *) flight;
  if (avow_is_error(outcome))
    return;
  once->done = true;
  once->value = avow_value_ref(outcome);
}

static void free_data(void *data, void (*free_fn)(void *data)) {
  if (free_fn != NULL)
    free_fn(data);
}

static void once_destroy(avow__parent_t *parent) {
  const once_t *once = (const once_t *) parent;
  avow__value_unref(once->value);
  free_data(once->data, once->free_fn);
}

static void once_let_go(void *self) {
  avow__parent_unref(self);
}

static const avow_class_t once_class = { .name = "once",
                                         .destroy = once_let_go };

static once_t *once_new(uv_loop_t *loop, avow_fn fn, void *data,
                        void (*free_fn)(void *data)) {
  static const avow__flight_class_t flight_class = {
    .parent = { .report = avow__flight_report, .destroy = once_destroy },
    .run = once_run,
    .landed = once_landed
  };
  once_t *once = avow__flight_new(loop, &flight_class, sizeof(*once));
  if (once == NULL) {
    free_data(data, free_fn);
    return NULL;
  }
  once->fn = fn;
  once->data = data;
  once->free_fn = free_fn;
  return once;
}

avow_once_t *avow_once_new(uv_loop_t *loop, avow_fn fn, void *data,
                           void (*free_fn)(void *data)) {
  avow__check_ready(loop);
  if (fn != NULL)
    return avow__tool_wrap(loop, &once_class,
                           once_new(loop, fn, data, free_fn));
  free_data(data, free_fn);
  return avow__tool_refuse(loop, UV_EINVAL, "once");
}

avow_promise_t *avow_once_get(const avow_once_t *o) {
  once_t *once = avow__tool_self(o, &once_class);
  if (once == NULL)
    return avow__tool_ref(o, "once");
  avow_promise_t *outlived = avow__refuse_closed(o);
  if (outlived != NULL)
    return outlived;
  if (!once->done)
    return avow__flight_join(&once->flight);
  return avow_promise_resolve(avow__tool_loop(o), avow_value_ref(&once->value));
}

void avow_once_unref(avow_once_t *o) {
  avow__tool_unref(o, &once_class);
}
