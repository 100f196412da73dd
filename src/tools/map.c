/* SPDX-License-Identifier: MIT */
/*
 * Maps: avow_map() over numbers and avow_each() over the items of a channel
 * share one loop. Running items are children, and each child that reports lets
 * the next item start. One more child may wait: for the next item of the
 * channel, or for a job before the first number, so that `fn` never runs inside
 * avow_map(). A finished item leaves only its result, if results are wanted.
 */
#include "avow/map.h"

#include "avow/cancel.h"
#include "base/options_check.h"
#include "channel/inside.h"
#include "engine/cancel.h"
#include "engine/cancel_reason.h"
#include "engine/check_stack.h"
#include "engine/child.h"
#include "value/value.h"

#define WAIT UINT32_MAX /* index of the child that is not an item */

enum { RESULTS = 16 }; /* initial capacity for results of a channel */

typedef struct map_s map_t;

struct map_s {
  avow__parent_t parent;
  avow_map_options_t options;
  /* Starts one more item, or waits for it. Returns false if there is none to
     start. */
  bool (*begin)(map_t *map);
  avow_map_fn of_number;
  avow_cb of_item; /* NULL: the items are the results */
  void *data;
  size_t n, number;        /* how many numbers there are; the next one */
  avow_channel_t *channel; /* source of the items, or NULL */
  avow_promise_t *next;    /* borrowed from the child that waits for it */
  bool last;               /* no item follows `next` */
  bool filling;
  bool skipped;          /* some results are to be omitted */
  avow_value_t failure;  /* the first failure, or NONE */
  avow__list_t *results; /* indexed as the items; NULL: not wanted */
};

static void map_fail(map_t *map, avow_value_t reason) {
  map->parent.stopped = true;
  if (map->failure.tag != AVOW_NONE) {
    avow__value_unref(reason);
    return;
  }
  map->failure = reason;
  if (map->next != NULL)
    avow__cancel(map->next);
  if (map->options.cancels)
    avow__children_cancel_for(&map->parent,
                              avow__cancel_reason(avow_value_ref(&reason)));
}

static void map_put(map_t *map, uint32_t index, avow_value_t v) {
  if (map->results != NULL)
    map->results->items[index] = v;
  else
    avow__value_unref(v);
}

static void map_collect(map_t *map, uint32_t index, avow_value_t v) {
  if (avow__is_skip(&v)) {
    map->skipped = true;
    map_put(map, index, avow_error(AVOW_ESKIP)); /* without a block */
    avow__value_unref(v);
  } else if (avow_is_error(&v) && map->options.kind == AVOW_ALL) {
    map_fail(map, v);
  } else {
    map_put(map, index, v);
  }
}

static void map_add(map_t *map, uint32_t index, avow_value_t v) {
  if (v.tag >= AVOW_PROMISE)
    avow__child_add(&map->parent, v, index);
  else
    map_collect(map, index, v);
}

static bool begin_number(map_t *map) {
  if (map->number == map->n)
    return false;
  const uint32_t i = (uint32_t) map->number++;
  map_add(map, i, map->of_number(i, map->data));
  return true;
}

/* The index of the next item, or WAIT if there is no memory for its result. */
static uint32_t item_index(map_t *map) {
  avow__list_t *list = map->results;
  if (list == NULL)
    return 0;
  if (list->len == list->room)
    list = avow__list_resize(list, list->room * 2);
  if (list == NULL)
    return WAIT;
  map->results = list;
  list->items[list->len++] = avow_none();
  return (uint32_t) list->len - 1;
}

static void take_item(map_t *map, avow_value_t item) {
  const uint32_t index = item_index(map);
  if (index == WAIT)
    map_fail(map, avow_error(UV_ENOMEM));
  else if (map->of_item == NULL || avow_is_error(&item))
    map_add(map, index, avow_value_ref(&item));
  else
    map_add(map, index, avow__owned(map->of_item(&item, map->data), &item));
  avow__value_unref(item);
}

/* An error is a failed item, unless the channel has ended with it or there was
   no memory to wait for more. */
static void item_arrives(map_t *map, avow_value_t item) {
  const bool fails = avow_is_error(&item);
  map->next = NULL;
  if (fails && (map->last || map->filling)) {
    map_fail(map, item);
  } else if (item.tag == AVOW_NONE || (map->parent.stopped && !fails)) {
    map->parent.stopped = true;
    avow__value_unref(item); /* NONE, or an item that arrived after a failure */
  } else {
    take_item(map, item);
  }
}

/* Whether `p` is a substitute that the loop keeps for a missing promise. */
static bool stands_for_none(const avow__context_t *c, const avow_promise_t *p) {
  return p == c->no_memory || p == c->canceled;
}

static bool begin_item(map_t *map) {
  if (map->next != NULL)
    return false;
  const bool over = avow__channel_is_over(map->channel);
  map->next = avow_channel_next(map->channel);
  map->last = over || stands_for_none(map->parent.context, map->next);
  avow__child_add(&map->parent, avow_follow(map->next), WAIT);
  return true;
}

/* Removes skipped results from the list; the others keep their order. */
static void remove_skipped(avow__list_t *list) {
  size_t n = 0;
  for (size_t i = 0; i < list->len; i++)
    if (!avow__is_skip(&list->items[i]))
      list->items[n++] = list->items[i];
  list->len = n;
}

static avow_value_t map_outcome(map_t *map) {
  avow__list_t *list = map->results;
  if (map->failure.tag != AVOW_NONE || list == NULL)
    return avow_steal(&map->failure);
  if (map->skipped)
    remove_skipped(list);
  map->results = NULL;
  return avow__block_value(&list->head);
}

/* A child may report while it is added; that call is nested in this one. */
static void map_go_on(map_t *map) {
  avow__parent_t *parent = &map->parent;
  if (map->filling)
    return;
  map->filling = true;
  while (!parent->stopped && parent->running < map->options.concurrency)
    if (!map->begin(map))
      break;
  map->filling = false;
  if (parent->running == 0 && parent->deferred != NULL)
    avow__parent_settle(parent, map_outcome(map));
}

static void map_report(avow__parent_t *parent, uint32_t index,
                       avow_value_t outcome) {
  map_t *map = (map_t *) parent;
  if (index != WAIT)
    map_collect(map, index, outcome);
  else if (map->channel != NULL)
    item_arrives(map, outcome);
  map_go_on(map);
}

static void map_destroy(avow__parent_t *parent) {
  const map_t *map = (const map_t *) parent;
  avow__value_unref(map->failure);
  if (map->results != NULL)
    avow__value_unref(avow__block_value(&map->results->head));
  avow_channel_unref(map->channel);
}

static avow__function_t map_function(const avow__parent_t *parent) {
  const map_t *map = (const map_t *) parent;
  return map->channel != NULL ? (avow__function_t) map->of_item
                              : (avow__function_t) map->of_number;
}

static int map_check(const avow_map_options_t *options) {
  if (options != NULL && options->kind > AVOW_ALL_SETTLED)
    return UV_EINVAL;
  return AVOW__RESERVED(options);
}

/* Makes a map that has not started. NULL if out of memory, with the rejection
   in `*out`. */
static map_t *map_alloc(uv_loop_t *loop, void *data,
                        const avow_map_options_t *options,
                        avow_promise_t **out) {
  static const avow__parent_class_t map_class = { .report = map_report,
                                                  .destroy = map_destroy,
                                                  .function = map_function };
  map_t *map = avow__parent_new(loop, &map_class, sizeof(*map), out);
  if (map == NULL)
    return NULL;
  map->data = data;
  if (options != NULL)
    map->options = *options;
  if (map->options.concurrency == 0)
    map->options.concurrency = SIZE_MAX;
  return map;
}

static void map_numbers(map_t *map, uv_loop_t *loop, size_t n) {
  avow__list_t *results = avow__list_new(n);
  map->begin = begin_number;
  map->n = n;
  map->results = results;
  for (size_t i = 0; results != NULL && i < n; i++)
    results->items[results->len++] = avow_none();
  if (results == NULL)
    avow__parent_settle(&map->parent, avow_error(UV_ENOMEM));
  else
    avow__child_add(&map->parent,
                    avow_follow(avow_promise_resolve(loop, avow_none())), WAIT);
  avow__parent_unref(&map->parent);
}

avow_promise_t *avow_map(uv_loop_t *loop, size_t n, avow_map_fn fn, void *data,
                         const avow_map_options_t *options) {
  avow__check_data(avow__context_of(loop), data);
  const int err = fn == NULL || n >= WAIT ? UV_EINVAL : map_check(options);
  if (err != 0)
    return avow__refuse(loop, err, "map", NULL);
  avow_promise_t *p;
  map_t *map = map_alloc(loop, data, options, &p);
  if (map == NULL)
    return p;
  map->of_number = fn;
  map_numbers(map, loop, n);
  return p;
}

static void map_items(map_t *map, const avow_channel_t *channel) {
  map->begin = begin_item;
  map->channel = avow_channel_ref(channel);
  if (map->options.collects || map->of_item == NULL) {
    map->results = avow__list_new(RESULTS);
    if (map->results == NULL)
      map_fail(map, avow_error(UV_ENOMEM));
  }
  map_go_on(map);
  avow__parent_unref(&map->parent);
}

avow_promise_t *avow_each(const avow_channel_t *channel, avow_cb fn, void *data,
                          const avow_map_options_t *options) {
  avow__check_channel(channel);
  if (channel == NULL)
    return avow__refuse_null("channel");
  avow_promise_t *p = avow__refuse_closed(channel);
  if (p != NULL)
    return p;
  uv_loop_t *loop = avow__channel_loop(channel);
  const int err = map_check(options);
  if (err != 0)
    return avow__refuse(loop, err, "each", NULL);
  map_t *map = map_alloc(loop, data, options, &p);
  if (map == NULL)
    return p;
  map->of_item = fn;
  map_items(map, channel);
  return p;
}
