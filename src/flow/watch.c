/* SPDX-License-Identifier: MIT */
/*
 * Watches. A watch publishes only its newest value. The number of that value
 * shows whether a listener has received it.
 */
#include "avow/watch.h"

#include "base/alloc.h"
#include "flow/subscribers.h"
#include "tools/tool.h"

typedef struct {
  avow__subscribers_t subscribers;
  avow_value_t value;
} watch_t;

static avow_value_t watch_tell(avow__subscribers_t *subscribers,
                               avow__listener_t *listener) {
  listener->next = subscribers->next;
  return avow_value_ref(&((watch_t *) subscribers)->value);
}

static void watch_destroy(avow__subscribers_t *subscribers) {
  const avow_value_t value = ((watch_t *) subscribers)->value;
  avow_free(subscribers);
  avow__value_unref(value); /* last, because it may call the program */
}

static const avow__subscribers_class_t watched = { .tell = watch_tell,
                                                   .destroy = watch_destroy };

static void watch_let_go(void *self) {
  avow__subscribers_t *subscribers = self;
  subscribers->is_over = true;
  avow__subscribers_serve(subscribers);
  avow__subscribers_unref(subscribers);
}

static const avow_class_t watch_class = { .name = "watch",
                                          .destroy = watch_let_go };

/* Returns NULL if out of memory; the caller then still owns `first`. */
static watch_t *watch_alloc(uv_loop_t *loop, avow_value_t first) {
  watch_t *watch = avow_calloc(1, sizeof(*watch));
  if (watch == NULL)
    return NULL;
  watch->subscribers.klass = &watched;
  watch->subscribers.context = avow__context_of(loop);
  watch->subscribers.refs = 1;
  watch->subscribers.next = 1;
  watch->subscribers.is_silent = first.tag == AVOW_NONE;
  watch->value = first;
  return watch;
}

avow_watch_t *avow_watch_new(uv_loop_t *loop, avow_value_t first) {
  avow__check_ready(loop);
  watch_t *watch = watch_alloc(loop, first);
  if (watch == NULL)
    avow__value_unref(first); /* last, because it may call the program */
  return avow__tool_wrap(loop, &watch_class, watch);
}

/* Returns NULL if the watch was refused, is no watch, or has outlived its
   loop. */
static watch_t *watch_behind(const avow_watch_t *w, const char *called) {
  if (w == NULL)
    avow__misuse_of_null_in("watch", called);
  watch_t *watch = avow__tool_self_in(w, &watch_class, called);
  return watch == NULL || watch->subscribers.context->life == AVOW__CLOSED
             ? NULL
             : watch;
}

void avow_watch_set(const avow_watch_t *w, avow_value_t value) {
  watch_t *watch = watch_behind(w, AVOW__CALLED);
  avow_value_t old = value;
  if (watch != NULL) {
    old = watch->value;
    watch->value = value;
    watch->subscribers.next++;
    watch->subscribers.is_silent = value.tag == AVOW_NONE;
    avow__subscribers_serve(&watch->subscribers);
  }
  avow__value_unref(old); /* last, because it may call the program */
}

const avow_value_t *avow_watch_value(const avow_watch_t *w) {
  static const avow_value_t none = { .tag = AVOW_NONE };
  const watch_t *watch = watch_behind(w, AVOW__CALLED);
  return watch != NULL ? &watch->value : &none;
}

avow_channel_t *avow_watch_subscribe(const avow_watch_t *w) {
  watch_t *watch = avow__tool_self(w, &watch_class);
  if (watch == NULL)
    return avow__tool_ref(w, "watch");
  avow_promise_t *outlived = avow__refuse_closed(w);
  if (outlived != NULL)
    return (avow_channel_t *) outlived;
  return avow__subscribers_join(&watch->subscribers,
                                watch->subscribers.next - 1);
}

size_t avow_watch_subscribers(const avow_watch_t *w) {
  const watch_t *watch = watch_behind(w, AVOW__CALLED);
  return watch != NULL ? watch->subscribers.count : 0;
}

avow_watch_t *avow_watch_ref(const avow_watch_t *w) {
  avow__check_tool(w, &watch_class);
  return avow__tool_ref(w, "watch");
}

void avow_watch_unref(avow_watch_t *w) {
  avow__tool_unref(w, &watch_class);
}
