/* SPDX-License-Identifier: MIT */
/*
 * Groups. The reasons of all failures are kept, from the first on. The first
 * failure cancels the other children, so there are few. If memory is short, a
 * group can only cancel its children and wait for them.
 */
#include "avow/map.h"

#include "avow/cancel.h"
#include "base/symbol.h"
#include "engine/cancel.h"
#include "engine/cancel_reason.h"
#include "engine/check_ownership.h"
#include "engine/child.h"
#include "value/aggregate_error.h"

typedef struct {
  avow__parent_t parent;
  avow__reasons_t reasons;
  bool isolates; /* a failure ends only the child that fails */
} group_t;

/* The group when even the reserve has no block. Children are canceled and
   released. */
static avow__parent_t no_group;

static avow__parent_t *mutable_group(const avow_group_t *g) {
  const union {
    const avow_group_t *from;
    avow__parent_t *to;
  } same = { .from = g };
  return same.to;
}

static void group_fail(group_t *group, avow_value_t reason) {
  const bool first = group->reasons.main.tag == AVOW_NONE;
  const avow_value_t why =
      first ? avow__cancel_reason(avow_value_ref(&reason)) : avow_none();
  group->parent.stopped = true;
  avow__reasons_add(&group->reasons, reason);
  if (first)
    avow__children_cancel_for(&group->parent, why);
}

static avow_value_t take_outcome(avow__parent_t *parent) {
  if (parent->in_block)
    return avow_error(UV_ENOMEM);
  return avow__reasons_take(&((group_t *) parent)->reasons);
}

static bool has_failed(const avow__parent_t *parent) {
  return !parent->in_block &&
         ((const group_t *) parent)->reasons.main.tag != AVOW_NONE;
}

static void settle_if_over(avow__parent_t *parent) {
  if (parent->running == 0 && (parent->ended || has_failed(parent)))
    avow__parent_settle(parent, take_outcome(parent));
}

static bool is_failure(const avow__parent_t *parent, int code) {
  return code != 0 && code != UV_ECANCELED && !parent->in_block &&
         !((const group_t *) parent)->isolates;
}

static void group_report(avow__parent_t *parent, uint32_t index,
                         avow_value_t outcome) {
  if (is_failure(parent, avow_error_code(&outcome)))
    group_fail((group_t *) parent, outcome);
  else
    avow__value_unref(outcome);
  settle_if_over(parent);
}

static void group_destroy(avow__parent_t *parent) {
  avow__value_unref(take_outcome(parent));
}

static const avow__parent_class_t group_class = { .report = group_report,
                                                  .destroy = group_destroy };

static avow__parent_t *new_without_memory(uv_loop_t *loop,
                                          avow_promise_t **out) {
  avow__parent_t *parent = avow__parent_new_surely(loop, &group_class, out);
  if (parent == NULL)
    return &no_group;
  parent->stopped = true;
  return parent;
}

static void group_let_go(avow_promise_t *p) {
  avow__cancel_unshared(p);
  avow_unref(p);
}

avow_promise_t *avow_group_new(uv_loop_t *loop, avow_group_t **out) {
  avow__check_ready(loop);
  if (out == NULL)
    return avow__refuse_null("out pointer");
  avow_promise_t *p;
  avow__parent_t *parent =
      avow__parent_new(loop, &group_class, sizeof(group_t), &p);
  if (parent == NULL) {
    avow__unref_handled(p);
    parent = new_without_memory(loop, &p);
  }
  if (parent != &no_group)
    parent->context->groups++;
  avow__note_there(parent);
  *out = (avow_group_t *) parent;
  return p;
}

static avow__parent_t *group_behind(const avow_group_t *g, const char *called) {
  avow__parent_t *parent = mutable_group(g);
  if (parent == &no_group)
    return parent;
  if (avow__is_gone(parent) || parent->released)
    avow__misuse_of_gone_in(parent, "group", called);
  avow__check_thread_in(parent->context, called);
  return parent;
}

/* The parent behind `g`. A group that has ended is misuse. */
static avow__parent_t *open_group(const avow_group_t *g, const char *called) {
  if (g == NULL)
    avow__misuse_of_null_in("group", called);
  avow__parent_t *parent = g != NULL ? group_behind(g, called) : &no_group;
  if (parent->ended)
    avow__misuse_in(
        called,
        "group used after avow_group_end(); add all promises before ending it");
  return parent;
}

/* Returns `p`, or a rejection if the group would wait for itself. */
static avow_promise_t *not_itself(avow__parent_t *parent, avow_promise_t *p) {
  if (!avow__parent_is_source(parent, p))
    return p;
  avow_unref(p);
  return avow_promise_reject(parent->context->loop, avow_error(AVOW_ECYCLE));
}

void avow_group_add(const avow_group_t *g, avow_promise_t *p) {
  p = avow__given(p, "promise");
  avow__check_taken(p);
  avow__parent_t *parent = open_group(g, AVOW__CALLED);
  if (parent != &no_group)
    avow__child_add(parent, avow_follow(not_itself(parent, p)), 0);
  else
    group_let_go(p);
}

void avow_group_isolate(const avow_group_t *g) {
  avow__parent_t *parent = open_group(g, AVOW__CALLED);
  if (parent != &no_group && !parent->in_block)
    ((group_t *) parent)->isolates = true;
}

static void group_end(avow__parent_t *parent) {
  parent->ended = true;
  settle_if_over(parent);
}

void avow_group_end(const avow_group_t *g) {
  avow__parent_t *parent = open_group(g, AVOW__CALLED);
  if (parent != &no_group)
    group_end(parent);
}

void avow_group_unref(avow_group_t *g) {
  avow__parent_t *parent =
      g != NULL ? group_behind(g, AVOW__CALLED) : &no_group;
  if (parent == &no_group || parent->released)
    return;
  parent->released = true;
  parent->context->groups--;
  avow__site_begin();
  avow__note_released(parent);
  avow__site_end();
  if (!parent->ended)
    group_end(parent);
  avow__parent_unref(parent);
}
