/* SPDX-License-Identifier: MIT */
/*
 * Each item of a channel. One child waits for the next item, as long as there
 * is room for one to run; the others are those that run. Nothing is kept of an
 * item that is done, but for its result where these are wanted: its place among
 * them is taken when the item comes.
 */
#include "avow/cancel.h"
#include "avow/map.h"
#include "channel/channel.h"
#include "engine/cancel.h"
#include "engine/cancel_reason.h"
#include "engine/child.h"
#include "tools/map.h"

/* Children: who waits for the next item; an item that runs, or the place of its
   result, counted from this. */
enum { NEXT, ITEM };

enum { RESULTS = 16 }; /* to begin with */

typedef struct {
  avow__parent_t parent;
  avow_channel_t *channel;
  avow_cb fn; /* NULL: the items are the results */
  void *data;
  avow_map_options_t options;
  avow_promise_t *next; /* the item that is waited for; its child keeps it */
  bool last;            /* no other comes after that */
  bool filling;
  bool skipped;          /* results are to be left out */
  avow_value_t failure;  /* the first; NONE without one */
  avow__list_t *results; /* NULL where they are not wanted */
} each_t;

static void each_fail(each_t *each, avow_value_t reason) {
  each->parent.stopped = true;
  if (each->failure.tag != AVOW_NONE) {
    avow__value_unref(reason);
    return;
  }
  each->failure = reason;
  if (each->next != NULL)
    avow__cancel(each->next);
  if (each->options.cancels)
    avow__children_cancel_for(&each->parent,
                              avow__cancel_reason(avow_value_ref(&reason)));
}

/* The index of the next item's child; NEXT without memory for its result. */
static uint32_t each_place(each_t *each) {
  avow__list_t *list = each->results;
  if (list == NULL)
    return ITEM;
  if (list->len == list->room)
    list = avow__list_resize(list, list->room * 2);
  if (list == NULL)
    return NEXT;
  each->results = list;
  list->items[list->len++] = avow_none();
  return (uint32_t) list->len - 1 + ITEM;
}

static void each_finish(each_t *each, uint32_t index, avow_value_t result) {
  const bool skips = avow__is_skip(&result);
  if (skips) {
    avow__value_unref(result);
    result = avow_error(AVOW_ESKIP); /* which holds nothing */
    each->skipped = true;
  }
  if (!skips && avow_is_error(&result) && each->options.kind == AVOW_ALL)
    each_fail(each, result);
  else if (each->results != NULL)
    each->results->items[index - ITEM] = result;
  else
    avow__value_unref(result);
}

static void each_begin(each_t *each, uint32_t index, const avow_value_t *item) {
  const avow_value_t v =
      each->fn != NULL ? each->fn(item, each->data) : avow_value_ref(item);
  if (v.tag >= AVOW_PROMISE)
    avow__child_add(&each->parent, v, index);
  else
    each_finish(each, index, v);
}

static void each_take(each_t *each, avow_value_t item) {
  const uint32_t index = each_place(each);
  if (index == NEXT)
    each_fail(each, avow_error(UV_ENOMEM));
  else if (avow_is_error(&item))
    each_finish(each, index, avow_value_ref(&item));
  else
    each_begin(each, index, &item);
  avow__value_unref(item);
}

/* What could not be had counts as what fn could not do, unless there is no more
   to be had, or no memory to wait for it. */
static void miss(each_t *each, avow_value_t reason) {
  if (each->last || each->filling)
    each_fail(each, reason);
  else
    each_take(each, reason);
}

/* Ends the taking: at the channel's end, or when an item was on its way while
   another failed. */
static void each_stop(each_t *each, avow_value_t item) {
  each->parent.stopped = true;
  avow__value_unref(item);
}

static void each_arrive(each_t *each, avow_value_t item) {
  each->next = NULL;
  if (avow_is_error(&item))
    miss(each, item);
  else if (item.tag == AVOW_NONE || each->parent.stopped)
    each_stop(each, item);
  else
    each_take(each, item);
}

/* Whether p is what is given in place of a promise. */
static bool stands_for_none(const avow__context_t *c, const avow_promise_t *p) {
  return p == c->no_memory || p == c->canceled;
}

static void each_ask(each_t *each) {
  const avow__context_t *c = each->parent.context;
  each->last = avow__channel_is_over(each->channel);
  each->next = avow_channel_next(each->channel);
  each->last = each->last || stands_for_none(c, each->next);
  avow__child_add(&each->parent, avow_follow(each->next), NEXT);
}

static avow_value_t each_outcome_of(each_t *each) {
  const avow_value_t failure = each->failure;
  avow__list_t *list = each->results;
  each->failure = avow_none();
  if (list == NULL || failure.tag != AVOW_NONE)
    return failure;
  if (each->skipped)
    avow__map_close_ranks(list);
  each->results = NULL;
  return avow__block_value(&list->head);
}

/* A child may report while it is added: that one is inside this already. */
static void each_go_on(each_t *each) {
  if (each->filling)
    return;
  each->filling = true;
  while (!each->parent.stopped && each->next == NULL &&
         each->parent.running < each->options.concurrency)
    each_ask(each);
  each->filling = false;
  assert(each->parent.running > 0 || each->parent.stopped);
  if (each->parent.running == 0)
    avow__parent_settle(&each->parent, each_outcome_of(each));
}

static void each_report(avow__parent_t *parent, uint32_t index,
                        avow_value_t outcome) {
  each_t *each = (each_t *) parent;
  if (index == NEXT)
    each_arrive(each, outcome);
  else
    each_finish(each, index, outcome);
  each_go_on(each);
}

static void each_destroy(avow__parent_t *parent) {
  const each_t *each = (const each_t *) parent;
  avow__value_unref(each->failure);
  if (each->results != NULL)
    avow__value_unref(avow__block_value(&each->results->head));
  avow_channel_unref(each->channel);
}

static void each_set_options(each_t *each, const avow_map_options_t *options) {
  if (options != NULL)
    each->options = *options;
  if (each->options.concurrency == 0)
    each->options.concurrency = SIZE_MAX;
}

/* Makes one that has not begun yet. NULL without memory, with the rejection in
   *out. */
static each_t *each_new(const avow_channel_t *channel,
                        const avow_map_options_t *options,
                        avow_promise_t **out) {
  static const avow__parent_class_t each_class = { .report = each_report,
                                                   .destroy = each_destroy };
  each_t *each = avow__parent_new(avow__channel_loop(channel), &each_class,
                                  sizeof(*each), out);
  if (each == NULL)
    return NULL;
  each->channel = avow_channel_ref(channel);
  each_set_options(each, options);
  return each;
}

static void each_start(each_t *each, avow_cb fn, void *data) {
  each->fn = fn;
  each->data = data;
  each_go_on(each);
  avow__parent_unref(&each->parent);
}

avow_promise_t *avow_each(const avow_channel_t *channel, avow_cb fn, void *data,
                          const avow_map_options_t *options) {
  if (channel == NULL)
    return avow__nothing("a channel");
  avow_promise_t *p = avow__outlived(channel);
  if (p != NULL)
    return p;
  const int err = avow__map_options_check(options);
  if (err != 0)
    return avow__refuse(avow__channel_loop(channel), err, "each", NULL);
  each_t *each = each_new(channel, options, &p);
  if (each == NULL)
    return p;
  each->options.collects = each->options.collects || fn == NULL;
  if (each->options.collects)
    each->results = avow__list_new(RESULTS);
  if (each->options.collects && each->results == NULL)
    each_fail(each, avow_error(UV_ENOMEM));
  each_start(each, fn, data);
  return p;
}
