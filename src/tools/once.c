/*
 * Memos: a run is the only child, and those who wait for it are in a list. A
 * run that nobody waits for is abandoned, and cancelled; it is still waited
 * for, so that there are never two.
 */
#include "avow/once.h"

#include "avow/cancel.h"
#include "base/alloc.h"
#include "engine/child.h"
#include "tools/tool.h"

typedef struct {
  avow__parent_t parent;
  avow_fn fn;
  void *data;
  void (*free_fn)(void *data);
  avow__link_t *callers;
  bool abandoned;
  bool done;
  avow_value_t value; /* once it is */
} once_t;

typedef struct {
  avow__link_t link;
  once_t *once;
  avow_deferred_t *deferred;
} caller_t;

static avow_value_t once_call(const avow_value_t *arg, void *data) {
  const once_t *once = data;
  return once->fn(once->data);
}

static void once_begin(once_t *once) {
  avow_promise_t *p =
      avow_promise_resolve(once->parent.context->loop, avow_none());
  p = avow__then_begin(p, once_call, once);
  avow__child_add(&once->parent, avow_follow(p), 0);
}

static void once_answer(once_t *once, const avow_value_t *outcome) {
  while (once->callers != NULL) {
    caller_t *caller = (caller_t *) avow__list_take_first(&once->callers);
    (void) avow_resolve(caller->deferred,
                        avow_value_ref(outcome)); /* it was pending */
    avow__free(caller);
  }
}

static void once_report(avow__parent_t *parent, uint32_t index,
                        avow_value_t outcome) {
  once_t *once = (once_t *) parent;
  const bool failed = avow_is_error(&outcome);
  const bool again = failed && once->abandoned && once->callers != NULL;
  once->abandoned = false;
  once->done = !failed;
  if (!failed)
    once->value = avow_value_ref(&outcome);
  if (again)
    once_begin(once);
  else
    once_answer(once, &outcome);
  avow__value_unref(outcome);
}

static void once_leave(void *data) {
  caller_t *caller = data;
  once_t *once = caller->once;
  avow__list_remove(&once->callers, &caller->link);
  avow_deferred_drop(caller->deferred);
  avow__free(caller);
  if (once->callers != NULL)
    return;
  once->abandoned = true;
  avow__children_cancel(&once->parent);
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
  static const avow__parent_class_t parent_class = { .report = once_report,
                                                     .destroy = once_destroy };
  once_t *once = avow__parent_alloc(loop, &parent_class, sizeof(*once));
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
  if (fn != NULL)
    return avow__tool_wrap(loop, &once_class,
                           once_new(loop, fn, data, free_fn));
  free_data(data, free_fn);
  return avow__tool_refuse(loop, UV_EINVAL, "once");
}

avow_promise_t *avow_once_get(const avow_once_t *o) {
  once_t *once = avow__tool_self(o, &once_class);
  if (once == NULL)
    return avow__tool_ref(o, "a once");
  avow_promise_t *outlived = avow__outlived(o);
  if (outlived != NULL)
    return outlived;
  uv_loop_t *loop = avow__tool_loop(o);
  if (once->done)
    return avow_promise_resolve(loop, avow_value_ref(&once->value));
  caller_t *caller = avow__malloc(sizeof(*caller));
  if (caller == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  avow_promise_t *p = avow_promise_new(loop, &caller->deferred);
  if (avow_state(p) != AVOW_PENDING) {
    avow_deferred_drop(caller->deferred);
    avow__free(caller);
    return p;
  }
  caller->once = once;
  avow_on_cancel(caller->deferred, once_leave, caller);
  avow__list_append(&once->callers, &caller->link);
  if (once->parent.running == 0)
    once_begin(once);
  return p;
}

void avow_once_unref(avow_once_t *o) {
  avow__tool_unref(o, &once_class);
}
