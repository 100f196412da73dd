/* SPDX-License-Identifier: MIT */
/*
 * Maps. Those that run are children; each that reports makes room for the next.
 * The first are begun by a child that is settled from the start, so that fn is
 * never called inside avow_map().
 */
#include "avow/map.h"

#include "avow/cancel.h"
#include "engine/cancel_reason.h"
#include "engine/child.h"
#include "tools/map.h"

#define BEGIN UINT32_MAX /* the index of that child */

typedef struct {
  avow__parent_t parent;
  avow_map_fn fn;
  void *data;
  avow_map_options_t options;
  size_t n, next;
  bool filling;
  bool skipped;         /* results are to be left out */
  avow_value_t failure; /* the first; NONE without one */
  avow__list_t *results;
} map_t;

/* Its code stays in the place, and nothing of its own. */
static void map_skip(map_t *map, uint32_t index, avow_value_t v) {
  map->skipped = true;
  map->results->items[index] = avow_error(AVOW_ESKIP);
  avow__value_unref(v);
}

static void map_collect(map_t *map, uint32_t index, avow_value_t v) {
  if (avow__is_skip(&v)) {
    map_skip(map, index, v);
    return;
  }
  if (!avow_is_error(&v) || map->options.kind == AVOW_ALL_SETTLED) {
    map->results->items[index] = v;
    return;
  }
  map->parent.stopped = true;
  if (map->failure.tag != AVOW_NONE) {
    avow__value_unref(v);
    return;
  }
  map->failure = v;
  if (map->options.cancels)
    avow__children_cancel_for(&map->parent,
                              avow__cancel_reason(avow_value_ref(&v)));
}

static void begin_next(map_t *map) {
  const uint32_t i = (uint32_t) map->next++;
  const avow_value_t v = map->fn(i, map->data);
  if (v.tag >= AVOW_PROMISE)
    avow__child_add(&map->parent, v, i);
  else
    map_collect(map, i, v);
}

static bool map_has_room(const map_t *map) {
  return !map->parent.stopped && map->next < map->n &&
         map->parent.running < map->options.concurrency;
}

static avow_value_t map_outcome_of(map_t *map) {
  const avow_value_t failure = map->failure;
  avow__list_t *list = map->results;
  if (failure.tag != AVOW_NONE) {
    map->failure = avow_none();
    return failure;
  }
  if (map->skipped)
    avow__map_close_ranks(list);
  map->results = NULL;
  return avow__block_value(&list->head);
}

/* A child may report while it is added: that one is inside this already. */
static void map_go_on(map_t *map) {
  if (map->filling)
    return;
  map->filling = true;
  while (map_has_room(map))
    begin_next(map);
  map->filling = false;
  if (map->parent.running == 0 && map->parent.deferred != NULL)
    avow__parent_settle(&map->parent, map_outcome_of(map));
}

static void map_report(avow__parent_t *parent, uint32_t index,
                       avow_value_t outcome) {
  map_t *map = (map_t *) parent;
  if (index != BEGIN)
    map_collect(map, index, outcome);
  map_go_on(map);
}

static void map_destroy(avow__parent_t *parent) {
  const map_t *map = (const map_t *) parent;
  avow__value_unref(map->failure);
  if (map->results != NULL)
    avow__value_unref(avow__block_value(&map->results->head));
}

static void map_set_up(map_t *map, size_t n,
                       const avow_map_options_t *options) {
  if (options != NULL)
    map->options = *options;
  if (map->options.concurrency == 0)
    map->options.concurrency = SIZE_MAX;
  map->n = n;
  map->results = avow__list_new(n);
  for (size_t i = 0; map->results != NULL && i < n; i++)
    map->results->items[map->results->len++] = avow_none();
}

static int map_check(size_t n, avow_map_fn fn,
                     const avow_map_options_t *options) {
  if (fn == NULL || n >= BEGIN)
    return UV_EINVAL;
  return avow__map_options_check(options);
}

avow_promise_t *avow_map(uv_loop_t *loop, size_t n, avow_map_fn fn, void *data,
                         const avow_map_options_t *options) {
  static const avow__parent_class_t map_class = { .report = map_report,
                                                  .destroy = map_destroy };
  const int err = map_check(n, fn, options);
  if (err != 0)
    return avow__refuse(loop, err, "map", NULL);
  avow_promise_t *p;
  map_t *map = avow__parent_new(loop, &map_class, sizeof(*map), &p);
  if (map == NULL)
    return p;
  map->fn = fn;
  map->data = data;
  map_set_up(map, n, options);
  if (map->results == NULL)
    avow__parent_settle(&map->parent, avow_error(UV_ENOMEM));
  else
    avow__child_add(&map->parent,
                    avow_follow(avow_promise_resolve(loop, avow_none())),
                    BEGIN);
  avow__parent_unref(&map->parent);
  return p;
}
