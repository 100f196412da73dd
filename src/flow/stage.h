/* SPDX-License-Identifier: MIT */
/*
 * Stages: channels that are made of others. A stage asks for an item when its
 * channel wants one, through a parent that outlives it until each child has
 * reported; what it makes of that is the matter of its class.
 */
#ifndef AVOW_STAGE_H
#define AVOW_STAGE_H

#include "channel/channel.h"
#include "engine/child.h"
#include "engine/virtual_clock.h"

typedef struct avow__stage_s avow__stage_t;

/* All of them are called from jobs, but for wanted and drop. */
typedef struct avow__stage_class_s {
  bool timed; /* has an alarm */
  /* Asks for an item. NULL: avow_channel_next() of from. */
  avow_promise_t *(*ask)(avow__stage_t *stage);
  /* Whether an item may come, where one is wanted. NULL: it may. */
  bool (*may_ask)(const avow__stage_t *stage);
  /* An item has come, which is taken. An error is an item as well. */
  void (*take)(avow__stage_t *stage, avow_value_t item);
  /* No more come, for there are none: NONE; or for this error, which is taken.
     NULL: the channel ends with that. */
  void (*finish)(avow__stage_t *stage, avow_value_t last);
  /* Items are wanted again. NULL: that is nothing to it. */
  void (*wanted)(avow__stage_t *stage);
  /* The alarm rings. */
  void (*ring)(avow__stage_t *stage);
  /* A child that the class has added to the asker, with an index of less than
     2^30. The stage's end cancels those. */
  void (*heard)(avow__stage_t *stage, uint32_t index, avow_value_t outcome);
  /* It goes: lets go of what it has. NULL: it has nothing. */
  void (*drop)(avow__stage_t *stage);
} avow__stage_class_t;

/* What asks, and stays until all has been answered. */
typedef struct avow__asker_s {
  avow__parent_t parent;
  avow__stage_t *stage; /* NULL: nobody wants it any more */
} avow__asker_t;

struct avow__stage_s {
  avow__source_t source;
  const avow__stage_class_t *klass;
  avow__asker_t *asker;
  avow_channel_t *from; /* NULL: of no one channel */
  avow_promise_t *next; /* asked for; its child keeps it */
  uint32_t turn;        /* the child's index: those before were called off */
  bool ahead;           /* asks whether or not items are wanted */
  bool asking;
  bool lost; /* there was no memory to ask */
  bool over; /* no more come */
  avow__alarm_t alarm;
};

/* Nobody has ended its channel. */
static inline bool avow__stage_lives(const avow__asker_t *asker) {
  return asker->stage != NULL && !asker->stage->source.unwanted;
}

/* What stands for a stage of the channel, which is let go of then; NULL if
   there may be one. err, if that is not 0, is why it is refused. */
avow_channel_t *avow__stage_check(avow_channel_t *from, int err,
                                  const char *name);

/* A stage of size zeroed bytes of the channel, which is taken. NULL without
   memory, with what stands for it in *out. */
void *avow__stage_new(const avow__stage_class_t *klass, size_t size,
                      avow_channel_t *from, avow_channel_t **out);

/* The same of no one channel. */
void *avow__stage_new_on(const avow__stage_class_t *klass, size_t size,
                         uv_loop_t *loop, avow_channel_t **out);

/* Its channel; from here on it asks. */
avow_channel_t *avow__stage_start(avow__stage_t *stage);

/* Adds an item to its channel, which takes it whether it wants more or not.
   False if the stage is gone: its channel found no memory for it. */
bool avow__stage_push(avow__stage_t *stage, avow_value_t item);

/* Asks no more for what has not come yet. */
void avow__stage_call_off(avow__stage_t *stage);

/* Ends its channel, by NONE, or fails it. The stage is gone. */
void avow__stage_end(avow__stage_t *stage, avow_value_t last);

/* Has it ring so many milliseconds from this very moment. */
void avow__stage_set_alarm(avow__stage_t *stage, uint64_t ms);

#endif
