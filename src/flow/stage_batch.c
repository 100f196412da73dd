/* SPDX-License-Identifier: MIT */
/*
 * Batches: lists of at most `n` items, or of the items that arrive within a
 * time after the first. The current list has no other references.
 */
#include "avow/stages.h"
#include "channel/inside.h"
#include "flow/stage.h"
#include "value/value.h"

enum { FIRST = 16 }; /* initial capacity of a list */

typedef struct {
  avow__stage_t stage;
  size_t n;
  uint64_t ms; /* 0: no limit */
  avow__list_t *list;
} batch_t;

/* Passes the current list on. Returns false if the stage has ended. */
static bool batch_give(batch_t *batch) {
  avow__list_t *list = batch->list;
  avow__alarm_stop(&batch->stage.alarm);
  batch->list = NULL;
  return list == NULL ||
         avow__stage_push(&batch->stage, avow__block_value(&list->head));
}

/* Makes space for one more item. Returns false if out of memory. */
static bool batch_grow(batch_t *batch) {
  avow__list_t *list = batch->list;
  if (list != NULL && list->len < list->room)
    return true;
  const size_t twice = list != NULL ? 2 * list->room : FIRST;
  const size_t room = twice < batch->n ? twice : batch->n;
  list = list != NULL ? avow__list_resize(list, room) : avow__list_new(room);
  if (list == NULL)
    return false;
  batch->list = list;
  return true;
}

/* Passes the current list on before the end. */
static void batch_finish(avow__stage_t *stage, avow_value_t last) {
  if (batch_give((batch_t *) stage))
    avow__stage_end(stage, last);
  else
    avow__value_unref(last);
}

static void batch_take(avow__stage_t *stage, avow_value_t item) {
  batch_t *batch = (batch_t *) stage;
  if (avow_is_error(&item)) {
    if (batch_give(batch))
      (void) avow__stage_push(stage, item); /* the asker knows the result */
    else
      avow__value_unref(item);
    return;
  }
  if (!batch_grow(batch)) {
    batch_finish(stage, avow_error(UV_ENOMEM));
    avow__value_unref(item); /* last, because it may call the program */
    return;
  }
  batch->list->items[batch->list->len++] = item;
  if (batch->list->len == batch->n)
    (void) batch_give(batch); /* the asker knows the result */
  else if (batch->list->len == 1 && batch->ms > 0)
    avow__stage_set_alarm(stage, batch->ms);
}

static void batch_ring(avow__stage_t *stage) {
  (void) batch_give((batch_t *) stage); /* the asker knows the result */
}

static void batch_drop(avow__stage_t *stage) {
  avow__list_t *list = ((batch_t *) stage)->list;
  if (list != NULL)
    avow__value_unref(avow__block_value(&list->head));
}

avow_channel_t *avow_channel_batch(avow_channel_t *channel, size_t n,
                                   uint64_t ms) {
  avow__check_channel(channel);
  static const avow__stage_class_t batch_class = { .timed = true,
                                                   .take = batch_take,
                                                   .finish = batch_finish,
                                                   .ring = batch_ring,
                                                   .drop = batch_drop };
  avow_channel_t *none =
      avow__stage_check(channel, n > 0 ? 0 : UV_EINVAL, "batch");
  if (none != NULL)
    return none;
  batch_t *batch =
      avow__stage_new(&batch_class, sizeof(*batch), channel, &none);
  if (batch == NULL)
    return none;
  batch->n = n;
  batch->ms = ms;
  return avow__stage_start(&batch->stage);
}
