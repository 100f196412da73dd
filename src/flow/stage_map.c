/* SPDX-License-Identifier: MIT */
/*
 * Maps of channels. Filters are maps whose result is the item itself or no
 * item. Each item occupies one of a fixed number of places, from its arrival
 * until its result has been passed on. Results are passed on in the order of
 * the line. A place joins the line when its item arrives or, in an unordered
 * map, when its result is ready.
 */
#include "avow/stages.h"
#include "base/list.h"
#include "base/misuse.h"
#include "base/options_check.h"
#include "channel/inside.h"
#include "flow/stage.h"
#include "value/value.h"

enum { STAGE_MOST = 1 << 20 }; /* at a time */

typedef struct {
  avow__link_t link;   /* in the list of free places, or in the line */
  avow_value_t result; /* NONE: not ready */
  avow_value_t item;   /* of a filter, which may become the result */
  bool fails;          /* the channel fails with this result */
} stage_place_t;

typedef struct {
  avow__stage_t stage;
  avow_cb fn;
  void *data;
  bool filters, unordered, settles;
  bool failed; /* takes no more items */
  size_t running;
  avow__link_t *free, *line;
  avow_value_t last; /* set when the stage is over */
  size_t n;
  stage_place_t places[];
} stage_map_t;

static stage_place_t *map_first(const stage_map_t *map) {
  return (stage_place_t *) map->line;
}

/* Whether the first place in line has a result that can be passed on now. A
   result that is no item does not need a receiver. */
static bool map_is_due(const stage_map_t *map) {
  const stage_place_t *place = map_first(map);
  return place != NULL && place->result.tag != AVOW_NONE &&
         (map->stage.source.flows || place->fails ||
          avow__is_skip(&place->result));
}

/* Passes on the result of the first place in line. */
static void map_deliver(stage_map_t *map) {
  stage_place_t *place = (stage_place_t *) avow__list_take_first(&map->line);
  const avow_value_t result = avow_steal(&place->result);
  const avow_value_t item = avow_steal(&place->item);
  avow__list_append(&map->free, &place->link);
  if (place->fails)
    avow__stage_end(&map->stage, result);
  else if (!avow__is_skip(&result))
    (void) avow__stage_push(&map->stage, result); /* the asker knows */
  else
    avow__value_unref(result);
  avow__value_unref(item); /* last, because it may call the program */
}

static void mapping_go_on(avow__asker_t *asker) {
  while (avow__stage_lives(asker) && map_is_due((stage_map_t *) asker->stage))
    map_deliver((stage_map_t *) asker->stage);
  stage_map_t *map = (stage_map_t *) asker->stage;
  if (avow__stage_lives(asker) && map->stage.over && map->line == NULL &&
      map->running == 0)
    avow__stage_end(&map->stage, avow_steal(&map->last));
}

/* Returns the result of a filter for the value that fn returned. An item that
   passes is its own result. */
static avow_value_t filter_result(stage_place_t *place, avow_value_t *v) {
  if (avow_is_error(v))
    return avow_steal(v);
  if (v->tag == AVOW_INT)
    return v->u.i != 0 ? avow_steal(&place->item) : avow_error(AVOW_ESKIP);
  avow__misuse(
      "function of a filter returned type %s; return INT, 0 to drop the item",
      avow_type_name(v));
  return avow__error_of(AVOW_EMISUSE, "filter", NULL);
}

static avow_value_t map_result(avow_value_t *v) {
  if (v->tag != AVOW_NONE)
    return avow_steal(v);
  return avow_error_new(UV_EINVAL, avow_none(),
                        "map: the function returned none; return "
                        "avow_error(AVOW_ESKIP) to drop the item");
}

/* Stores the result of a place. */
static void map_place(stage_map_t *map, stage_place_t *place, avow_value_t v) {
  if (map->unordered)
    avow__list_append(&map->line, &place->link);
  const avow_value_t result =
      map->filters ? filter_result(place, &v) : map_result(&v);
  place->fails =
      avow_is_error(&result) && !map->settles && !avow__is_skip(&result);
  map->failed = map->failed || place->fails;
  if (map->failed)
    avow__stage_call_off(&map->stage);
  place->result = result;
  avow__value_unref(v); /* last, because it may call the program */
}

static void map_heard(avow__stage_t *stage, uint32_t index,
                      avow_value_t outcome) {
  avow__asker_t *asker = stage->asker;
  stage_map_t *map = (stage_map_t *) stage;
  map->running--;
  map_place(map, &map->places[index], outcome);
  mapping_go_on(asker);
}

/* Handles the value that fn returned. The stage may have ended meanwhile. */
static void map_settle(avow__asker_t *asker, stage_place_t *place,
                       avow_value_t v, avow_value_t item) {
  stage_map_t *map = (stage_map_t *) asker->stage;
  const bool lives = avow__stage_lives(asker);
  const uint32_t index = lives ? (uint32_t) (place - map->places) : 0;
  if (lives && map->filters)
    place->item = avow_steal(&item);
  if (lives && v.tag >= AVOW_PROMISE)
    map->running++;
  if (v.tag >= AVOW_PROMISE)
    avow__child_add(&asker->parent, v, index);
  else if (lives)
    map_place(map, place, v);
  else
    avow__value_unref(v);
  avow__value_unref(item);
  mapping_go_on(asker);
}

static void map_take(avow__stage_t *stage, avow_value_t item) {
  avow__asker_t *asker = stage->asker;
  stage_map_t *map = (stage_map_t *) stage;
  if (map->failed) { /* while the item was on its way */
    avow__value_unref(item);
    return;
  }
  stage_place_t *place = (stage_place_t *) avow__list_take_first(&map->free);
  place->fails = false;
  if (!map->unordered)
    avow__list_append(&map->line, &place->link);
  if (!avow_is_error(&item)) {
    const avow_value_t result = map->fn(&item, map->data);
    map_settle(asker, place, avow__owned(result, &item), item);
    return;
  }
  if (map->unordered)
    avow__list_append(&map->line, &place->link);
  place->result = item;
  mapping_go_on(asker);
}

static bool map_may_ask(const avow__stage_t *stage) {
  const stage_map_t *map = (const stage_map_t *) stage;
  return map->free != NULL && !map->failed;
}

static void map_finish(avow__stage_t *stage, avow_value_t last) {
  ((stage_map_t *) stage)->last = last;
  mapping_go_on(stage->asker);
}

static void map_wanted(avow__stage_t *stage) {
  mapping_go_on(stage->asker);
}

static void map_drop(avow__stage_t *stage) {
  stage_map_t *map = (stage_map_t *) stage;
  avow__value_unref(map->last);
  for (size_t i = 0; i < map->n; i++) {
    avow__value_unref(map->places[i].result);
    avow__value_unref(map->places[i].item);
  }
}

static int mapping_check(avow_cb fn, const avow_map_options_t *options) {
  if (fn == NULL)
    return UV_EINVAL;
  if (options == NULL)
    return 0;
  if (options->kind > AVOW_ALL_SETTLED || options->concurrency >= STAGE_MOST)
    return UV_EINVAL;
  return AVOW__RESERVED(options);
}

static size_t map_places(const avow_map_options_t *options) {
  return options != NULL && options->concurrency > 0 ? options->concurrency : 1;
}

static stage_map_t *map_new(avow_channel_t *channel,
                            const avow_map_options_t *options,
                            avow_channel_t **out) {
  static const avow__stage_class_t map_class = { .may_ask = map_may_ask,
                                                 .take = map_take,
                                                 .finish = map_finish,
                                                 .wanted = map_wanted,
                                                 .heard = map_heard,
                                                 .drop = map_drop };
  const size_t n = map_places(options);
  const size_t size = sizeof(stage_map_t) + n * sizeof(stage_place_t);
  stage_map_t *map = avow__stage_new(&map_class, size, channel, out);
  if (map == NULL)
    return NULL;
  map->n = n;
  map->stage.ahead = n > 1;
  map->unordered = options != NULL && options->unordered;
  map->settles = options != NULL && options->kind == AVOW_ALL_SETTLED;
  for (size_t i = 0; i < n; i++)
    avow__list_append(&map->free, &map->places[i].link);
  return map;
}

avow_channel_t *avow_channel_map(avow_channel_t *channel, avow_cb fn,
                                 void *data,
                                 const avow_map_options_t *options) {
  avow__check_channel(channel);
  avow_channel_t *none =
      avow__stage_check(channel, mapping_check(fn, options), "map");
  stage_map_t *map = none == NULL ? map_new(channel, options, &none) : NULL;
  if (map == NULL)
    return none;
  map->fn = fn;
  map->data = data;
  return avow__stage_start(&map->stage);
}

avow_channel_t *avow_channel_filter(avow_channel_t *channel, avow_cb fn,
                                    void *data,
                                    const avow_map_options_t *options) {
  avow__check_channel(channel);
  avow_channel_t *none =
      avow__stage_check(channel, mapping_check(fn, options), "filter");
  stage_map_t *map = none == NULL ? map_new(channel, options, &none) : NULL;
  if (map == NULL)
    return none;
  map->fn = fn;
  map->data = data;
  map->filters = true;
  return avow__stage_start(&map->stage);
}
