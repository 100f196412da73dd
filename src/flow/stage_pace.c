/* SPDX-License-Identifier: MIT */
/*
 * Pace: items that follow another item within `ms` are not passed on. During
 * these milliseconds the alarm is set. A throttle leaves the alarm as it is,
 * and a debounce sets it again with each item. The stage keeps at most one
 * item, the newest since the alarm was set.
 */
#include "avow/stages.h"
#include "channel/inside.h"
#include "flow/stage.h"

typedef struct {
  avow__stage_t stage;
  uint64_t ms;
  avow_edge_t edges;
  bool debounces;
  bool closed; /* until the alarm expires */
  avow_value_t item;
} pace_t;

/* Passes the kept item on. Returns false if the stage has ended. */
static bool pace_give(pace_t *pace) {
  return pace->item.tag == AVOW_NONE ||
         avow__stage_push(&pace->stage, avow_steal(&pace->item));
}

static void pace_close(pace_t *pace) {
  pace->closed = true;
  avow__stage_set_alarm(&pace->stage, pace->ms);
}

/* Errors are passed on at any time, after the kept item. */
static void pace_pass(pace_t *pace, avow_value_t error) {
  if (pace_give(pace))
    (void) avow__stage_push(&pace->stage, error); /* the asker knows */
  else
    avow__value_unref(error);
}

static void pace_keep(pace_t *pace, avow_value_t item) {
  const bool keeps = (pace->edges & AVOW_EDGE_TRAILING) != 0;
  const avow_value_t old = keeps ? pace->item : item;
  if (keeps)
    pace->item = item;
  avow__value_unref(old); /* last, because it may call the program */
}

static void pace_take(avow__stage_t *stage, avow_value_t item) {
  pace_t *pace = (pace_t *) stage;
  const bool first = !pace->closed;
  if (avow_is_error(&item)) {
    pace_pass(pace, item);
    return;
  }
  if (first || pace->debounces)
    pace_close(pace);
  if (first && (pace->edges & AVOW_EDGE_LEADING) != 0)
    (void) avow__stage_push(stage, item); /* the asker knows the result */
  else
    pace_keep(pace, item);
}

/* An item that a throttle passes on starts the next interval. */
static void pace_ring(avow__stage_t *stage) {
  pace_t *pace = (pace_t *) stage;
  pace->closed = false;
  if (pace->item.tag != AVOW_NONE && !pace->debounces)
    pace_close(pace);
  (void) pace_give(pace); /* the asker knows the result */
}

static void pace_finish(avow__stage_t *stage, avow_value_t last) {
  if (pace_give((pace_t *) stage))
    avow__stage_end(stage, last);
  else
    avow__value_unref(last);
}

static void pace_drop(avow__stage_t *stage) {
  avow__value_unref(((pace_t *) stage)->item);
}

static avow_channel_t *pace_new(avow_channel_t *channel, uint64_t ms,
                                avow_edge_t edges, bool debounces) {
  static const avow__stage_class_t pace_class = { .timed = true,
                                                  .take = pace_take,
                                                  .finish = pace_finish,
                                                  .ring = pace_ring,
                                                  .drop = pace_drop };
  const bool sound = edges >= AVOW_EDGE_LEADING && edges <= AVOW_EDGE_BOTH;
  avow_channel_t *none = avow__stage_check(channel, sound ? 0 : UV_EINVAL,
                                           debounces ? "debounce" : "throttle");
  if (none != NULL)
    return none;
  pace_t *pace = avow__stage_new(&pace_class, sizeof(*pace), channel, &none);
  if (pace == NULL)
    return none;
  pace->ms = ms;
  pace->edges = edges;
  pace->debounces = debounces;
  return avow__stage_start(&pace->stage);
}

avow_channel_t *avow_channel_throttle(avow_channel_t *channel, uint64_t ms,
                                      avow_edge_t edges) {
  avow__check_channel(channel);
  return pace_new(channel, ms, edges, false);
}

avow_channel_t *avow_channel_debounce(avow_channel_t *channel, uint64_t ms,
                                      avow_edge_t edges) {
  avow__check_channel(channel);
  return pace_new(channel, ms, edges, true);
}
