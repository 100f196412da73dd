/* SPDX-License-Identifier: MIT */
/*
 * Stages: channels that are made from other channels. When its channel wants an
 * item, a stage asks for one by a receive or a select: its *question*. This
 * promise is a child of the *asker*, a parent (child.h) that lives until each
 * child has reported. The class decides how items are handled.
 */
#ifndef AVOW_STAGE_H
#define AVOW_STAGE_H

#include "channel/channel.h"
#include "engine/child.h"
#include "engine/virtual_clock.h"

typedef struct avow__stage_s avow__stage_t;

/* Functions of a stage. Jobs call all of them except `wanted` and `drop`. */
typedef struct avow__stage_class_s {
  bool timed; /* has an alarm */
  /* Asks for an item. NULL: avow_channel_next() of `from`. */
  avow_promise_t *(*ask)(avow__stage_t *stage);
  /* Whether the stage can take an item now. NULL: always. */
  bool (*may_ask)(const avow__stage_t *stage);
  /* Called with an item, which may be an error. Takes ownership of the item. */
  void (*take)(avow__stage_t *stage, avow_value_t item);
  /* Called when no more items follow. `last` is NONE at the end, or else the
     error, and the function takes ownership of it. NULL: the channel ends with
     `last`. */
  void (*finish)(avow__stage_t *stage, avow_value_t last);
  /* Called when items are wanted again. NULL: no call is needed. */
  void (*wanted)(avow__stage_t *stage);
  /* Called when the alarm expires. */
  void (*ring)(avow__stage_t *stage);
  /* Called with the outcome of a child that the class added to the asker. The
     index is less than 2^30. The end of the stage cancels these children. */
  void (*heard)(avow__stage_t *stage, uint32_t index, avow_value_t outcome);
  /* Called when the stage ends, to release its contents. NULL: it has none. */
  void (*drop)(avow__stage_t *stage);
} avow__stage_class_t;

/* Parent of the children that ask. It lives until each has reported. */
typedef struct avow__asker_s {
  avow__parent_t parent;
  avow__stage_t *stage; /* NULL: the stage has ended */
} avow__asker_t;

struct avow__stage_s {
  avow__source_t source;
  const avow__stage_class_t *klass;
  avow__asker_t *asker;
  avow_channel_t *from; /* NULL: `ask` of the class receives */
  avow_promise_t *next; /* the pending question, kept by its child */
  /* number of the question; those with earlier turns were called off */
  uint32_t turn;
  bool ahead; /* asks even while no items are wanted */
  bool asking;
  bool lost; /* there was no memory to ask */
  bool over; /* no more items follow */
  avow__alarm_t alarm;
};

/* Whether the stage's channel is still open. */
static inline bool avow__stage_lives(const avow__asker_t *asker) {
  return asker->stage != NULL && !asker->stage->source.unwanted;
}

/* Returns NULL if a stage of `from` may be created. Otherwise releases `from`,
   and returns a substitute for the stage. A nonzero `err` is the reason for a
   refusal. */
avow_channel_t *avow__stage_check(avow_channel_t *from, int err,
                                  const char *name);

/* Creates a stage of `size` zeroed bytes and takes ownership of `from`. Returns
   NULL if out of memory, with a substitute in *out. */
void *avow__stage_new(const avow__stage_class_t *klass, size_t size,
                      avow_channel_t *from, avow_channel_t **out);

/* Creates a stage without `from`. Returns NULL if out of memory, with a
   substitute in *out. */
void *avow__stage_new_on(const avow__stage_class_t *klass, size_t size,
                         uv_loop_t *loop, avow_channel_t **out);

/* Returns the stage's channel. The stage asks from now on. */
avow_channel_t *avow__stage_start(avow__stage_t *stage);

/* Adds an item to the stage's channel, even if the channel wants no more.
   Returns false if the stage has ended, for example because its channel found
   no memory for the item. */
bool avow__stage_push(avow__stage_t *stage, avow_value_t item);

/* Withdraws the pending question unless it has already taken an item. */
void avow__stage_call_off(avow__stage_t *stage);

/* Ends the stage's channel if `last` is NONE, or fails it with `last`. The
   stage is freed. */
void avow__stage_end(avow__stage_t *stage, avow_value_t last);

/* Sets the alarm to `ms` milliseconds from the present moment. */
void avow__stage_set_alarm(avow__stage_t *stage, uint64_t ms);

#endif
