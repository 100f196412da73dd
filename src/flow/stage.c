/* SPDX-License-Identifier: MIT */
/*
 * Stages. A stage has at most one pending question, which is a receive or a
 * select. Unless the stage works ahead, it asks only while its channel wants
 * items. When the channel wants no more, a pending question is called off, so
 * that the item stays in the other channel. An item that was already taken
 * stays with the stage for the next receiver.
 *
 * Any function of the program may end the stage. The asker outlives the stage,
 * and knows whether the stage still lives.
 */
#include "flow/stage.h"

#include "channel/inside.h"
#include "engine/cancel.h"

/* Marks the index of a child that asks. The other bits are its turn. */
enum { QUESTION = 1 << 30 };

static avow_promise_t *stage_next(avow__stage_t *stage) {
  return stage->klass->ask != NULL ? stage->klass->ask(stage)
                                   : avow_channel_next(stage->from);
}

/* If there is no block to wait with, the child reports within the call. */
static void stage_ask(avow__stage_t *stage) {
  avow__asker_t *asker = stage->asker;
  stage->asking = true;
  stage->next = stage_next(stage);
  stage->lost = stage->next == asker->parent.context->no_memory;
  avow__child_add(&asker->parent, avow_follow(stage->next),
                  QUESTION | stage->turn);
  if (asker->stage != NULL)
    stage->asking = false;
}

static bool stage_may_ask(const avow__stage_t *stage) {
  return (stage->source.flows || stage->ahead) && stage->next == NULL &&
         !stage->over &&
         (stage->klass->may_ask == NULL || stage->klass->may_ask(stage));
}

static void stage_go_on(avow__asker_t *asker) {
  if (avow__stage_lives(asker) && stage_may_ask(asker->stage))
    stage_ask(asker->stage);
}

/* An error may be an item. It is the end if no item can follow: the other
   channel has failed with it, or there is no memory to wait for more. */
static bool is_last(const avow__stage_t *stage, const avow_value_t *v) {
  if (v->tag == AVOW_NONE)
    return true;
  if (!avow_is_error(v))
    return false;
  return stage->asking || stage->lost || stage->from == NULL ||
         avow__channel_ends_with(stage->from, v);
}

static void stage_arrive(avow__stage_t *stage, avow_value_t v) {
  stage->next = NULL;
  if (!is_last(stage, &v)) {
    stage->klass->take(stage, v);
    return;
  }
  stage->over = true;
  if (stage->klass->finish != NULL)
    stage->klass->finish(stage, v);
  else
    avow__stage_end(stage, v);
}

static void stage_report(avow__parent_t *parent, uint32_t index,
                         avow_value_t outcome) {
  avow__asker_t *asker = (avow__asker_t *) parent;
  avow__stage_t *stage = asker->stage;
  const bool asked = (index & QUESTION) != 0;
  if (!avow__stage_lives(asker) ||
      (asked && index != (QUESTION | stage->turn))) {
    avow__value_unref(outcome);
    return;
  }
  if (asked)
    stage_arrive(stage, outcome);
  else
    stage->klass->heard(stage, index, outcome);
  stage_go_on(asker);
}

static const avow__parent_class_t asker_class = { .report = stage_report };

static void stage_resume(avow__source_t *source) {
  avow__asker_t *asker = ((avow__stage_t *) source)->asker;
  asker->parent.refs++;
  if (asker->stage->klass->wanted != NULL)
    asker->stage->klass->wanted(asker->stage);
  stage_go_on(asker);
  avow__parent_unref(&asker->parent);
}

/* A question that has taken an item is not called off. The item is on its way,
   or is a promise that has not settled. */
void avow__stage_call_off(avow__stage_t *stage) {
  avow_promise_t *next = stage->next;
  if (next == NULL || avow__has_settled(next) ||
      (next->kind != AVOW__NEXT && next->kind != AVOW__SELECT))
    return;
  stage->next = NULL;
  stage->turn = (stage->turn + 1) & (QUESTION - 1);
  avow__cancel(next);
}

static void stage_hold_back(avow__source_t *source) {
  avow__stage_t *stage = (avow__stage_t *) source;
  if (!stage->ahead)
    avow__stage_call_off(stage);
}

static void stage_ring(uv_timer_t *timer) {
  avow__stage_t *stage = timer->data;
  avow__asker_t *asker = stage->asker;
  avow__context_t *c = stage->source.context;
  avow__enter(c);
  asker->parent.refs++;
  stage->klass->ring(stage);
  stage_go_on(asker);
  avow__parent_unref(&asker->parent);
  avow__leave(c);
}

/* Counts from the present, because the callback that delivered an item may
   already have run longer than `ms`. */
void avow__stage_set_alarm(avow__stage_t *stage, uint64_t ms) {
  avow__alarm_set_from_present(stage->source.context, &stage->alarm, ms,
                               stage_ring);
}

static void stage_free(avow__stage_t *stage) {
  if (stage->klass->timed)
    avow__source_close(&stage->source, (uv_handle_t *) &stage->alarm.timer);
  else
    avow__source_free(&stage->source);
}

/* Releasing may call the program, which can no longer reach the stage. */
static void stage_stop(avow__source_t *source) {
  avow__stage_t *stage = (avow__stage_t *) source;
  avow__parent_t *parent = &stage->asker->parent;
  avow_channel_t *from = stage->from;
  if (stage->klass->timed)
    avow__alarm_stop(&stage->alarm);
  stage->asker->stage = NULL;
  parent->stopped = true;
  avow__children_cancel(parent);
  avow__parent_unref(parent);
  if (stage->klass->drop != NULL)
    stage->klass->drop(stage);
  stage_free(stage);
  avow_channel_unref(from);
}

avow_channel_t *avow__stage_check(avow_channel_t *from, int err,
                                  const char *name) {
  if (from == NULL)
    return (avow_channel_t *) avow__refuse_null("channel");
  avow_channel_t *none = (avow_channel_t *) avow__refuse_closed(from);
  if (none == NULL && err != 0)
    none = avow__channel_refuse(avow__channel_loop(from), err, name, NULL);
  if (none != NULL)
    avow_channel_unref(from);
  return none;
}

static avow__stage_t *stage_alloc(size_t size, uv_loop_t *loop) {
  avow__stage_t *stage = avow__source_new(loop, size);
  if (stage == NULL)
    return NULL;
  stage->asker = avow__parent_alloc(loop, &asker_class, sizeof(avow__asker_t));
  if (stage->asker != NULL)
    return stage;
  avow__source_free(&stage->source);
  return NULL;
}

void *avow__stage_new_on(const avow__stage_class_t *klass, size_t size,
                         uv_loop_t *loop, avow_channel_t **out) {
  avow__stage_t *stage = stage_alloc(size, loop);
  if (stage == NULL) {
    *out = avow__channel_none(loop);
    return NULL;
  }
  stage->klass = klass;
  stage->asker->stage = stage;
  stage->source.resume = stage_resume;
  stage->source.pause = stage_hold_back;
  stage->source.stop = stage_stop;
  if (!klass->timed)
    return stage;
  avow__alarm_init(stage->source.context, &stage->alarm, stage);
  stage->source.handle = (uv_handle_t *) &stage->alarm.timer;
  return stage;
}

void *avow__stage_new(const avow__stage_class_t *klass, size_t size,
                      avow_channel_t *from, avow_channel_t **out) {
  avow__stage_t *stage =
      avow__stage_new_on(klass, size, avow__channel_loop(from), out);
  if (stage != NULL)
    stage->from = from;
  else
    avow_channel_unref(from);
  return stage;
}

avow_channel_t *avow__stage_start(avow__stage_t *stage) {
  avow__asker_t *asker = stage->asker;
  uv_loop_t *loop = stage->source.context->loop;
  asker->parent.refs++;
  avow_channel_t *channel = avow__channel_feed(loop, 0, &stage->source);
  stage_go_on(asker);
  avow__parent_unref(&asker->parent);
  return channel;
}

bool avow__stage_push(avow__stage_t *stage, avow_value_t item) {
  avow__asker_t *asker = stage->asker;
  asker->parent.refs++;
  /* the asker knows the result */
  (void) avow__channel_push(stage->source.channel, item);
  const bool lives = avow__stage_lives(asker);
  avow__parent_unref(&asker->parent);
  return lives;
}

void avow__stage_end(avow__stage_t *stage, avow_value_t last) {
  if (avow_is_error(&last))
    avow_channel_fail(stage->source.channel, last);
  else
    avow_channel_end(stage->source.channel);
}
