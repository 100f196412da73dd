/*
 * Each item of a channel. One child waits for the next item, as long as there
 * is room for one to run; the others are those that run. Nothing is kept of an
 * item that is done.
 */
#include "avow/cancel.h"
#include "avow/map.h"
#include "channel.h"
#include "child.h"
#include "op.h"

enum { NEXT, ITEM };

typedef struct {
  avow__parent_t parent;
  avow_channel_t *channel;
  avow_cb fn;
  void *data;
  avow_map_options_t options;
  avow_promise_t *next; /* the item that is waited for; its child keeps it */
  bool last;            /* no other comes after that */
  bool filling;
  avow_value_t failure; /* the first; NONE without one */
} each_t;

static void fail(each_t *each, avow_value_t reason) {
  each->parent.stopped = true;
  if (each->failure.tag != AVOW_NONE) {
    avow__value_unref(reason);
    return;
  }
  each->failure = reason;
  if (each->next != NULL)
    avow__cancel(each->next);
  if (each->options.cancels)
    avow__children_cancel(&each->parent);
}

static void finish(each_t *each, avow_value_t result) {
  if (avow_is_error(&result) && each->options.kind == AVOW_ALL)
    fail(each, result);
  else
    avow__value_unref(result);
}

static void begin(each_t *each, avow_value_t item) {
  const avow_value_t v = each->fn(&item, each->data);
  if (v.tag >= AVOW_PROMISE)
    avow__child_add(&each->parent, v, ITEM);
  else
    finish(each, v);
  avow__value_unref(item);
}

/* What could not be had counts as what fn could not do, unless there is no more
   to be had, or no memory to wait for it. */
static void miss(each_t *each, avow_value_t reason) {
  if (each->last || each->filling)
    fail(each, reason);
  else
    finish(each, reason);
}

/* At the end; or the item was on its way when another failed. */
static void stop(each_t *each, avow_value_t item) {
  each->parent.stopped = true;
  avow__value_unref(item);
}

static void arrive(each_t *each, avow_value_t item) {
  each->next = NULL;
  if (avow_is_error(&item))
    miss(each, item);
  else if (item.tag == AVOW_NONE || each->parent.stopped)
    stop(each, item);
  else
    begin(each, item);
}

static void ask(each_t *each) {
  each->last = avow__channel_is_over(each->channel);
  each->next = avow_channel_next(each->channel);
  each->last = each->last || avow__is_no_promise(each->next);
  avow__child_add(&each->parent, avow_follow(each->next), NEXT);
}

/* A child may report while it is added: that one is inside this already. */
static void go_on(each_t *each) {
  if (each->filling)
    return;
  each->filling = true;
  while (!each->parent.stopped && each->next == NULL &&
         each->parent.running < each->options.limit)
    ask(each);
  each->filling = false;
  if (each->parent.running > 0 || !each->parent.stopped)
    return;
  const avow_value_t failure = each->failure;
  each->failure = avow_none();
  avow__parent_settle(&each->parent, failure);
}

static void report(avow__parent_t *parent, uint32_t index,
                   avow_value_t outcome) {
  each_t *each = (each_t *) parent;
  if (index == NEXT)
    arrive(each, outcome);
  else
    finish(each, outcome);
  go_on(each);
}

static void destroy(avow__parent_t *parent) {
  const each_t *each = (const each_t *) parent;
  avow__value_unref(each->failure);
  avow_channel_unref(each->channel);
}

avow_promise_t *avow_each(uv_loop_t *loop, const avow_channel_t *channel,
                          avow_cb fn, void *data,
                          const avow_map_options_t *options) {
  static const avow__parent_class_t each_class = { .report = report,
                                                   .destroy = destroy };
  if (fn == NULL || (options != NULL && options->kind > AVOW_ALL_SETTLED))
    return avow__op_refuse(loop, UV_EINVAL, "each", NULL);
  avow_promise_t *p;
  each_t *each = avow__parent_new(loop, &each_class, sizeof(*each), &p);
  if (each == NULL)
    return p;
  each->channel = avow_channel_ref(channel);
  each->fn = fn;
  each->data = data;
  if (options != NULL)
    each->options = *options;
  if (each->options.limit == 0)
    each->options.limit = 1;
  go_on(each);
  avow__parent_unref(&each->parent);
  return p;
}
