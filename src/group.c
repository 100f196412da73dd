/*
 * Groups. The failures are kept from the first on; since that cancels the other
 * children, they are few.
 */
#include "avow/group.h"

#include "avow/cancel.h"
#include "child.h"
#include "reasons.h"

typedef struct {
  avow__parent_t parent;
  bool closed;
  avow__reasons_t reasons;
} group_t;

/* What a program without memory may add to in vain. */
static group_t nobody = { .parent = { .stopped = true } };

static group_t *mutable_group(const avow_group_t *g) {
  const union {
    const avow_group_t *from;
    group_t *to;
  } same = { .from = g };
  return same.to;
}

static void fail(group_t *group, avow_value_t reason) {
  const bool first = group->reasons.main.tag == AVOW_NONE;
  group->parent.stopped = true;
  avow__reasons_add(&group->reasons, reason);
  if (first)
    avow__children_cancel(&group->parent);
}

static void settle_if_over(group_t *group) {
  const bool ends = group->closed || group->reasons.main.tag != AVOW_NONE;
  if (ends && group->parent.running == 0)
    avow__parent_settle(&group->parent, avow__reasons_take(&group->reasons));
}

static void report(avow__parent_t *parent, uint32_t index,
                   avow_value_t outcome) {
  group_t *group = (group_t *) parent;
  if (avow_is_error(&outcome) && outcome.code != UV_ECANCELED)
    fail(group, outcome);
  else
    avow__value_unref(outcome);
  settle_if_over(group);
}

static void destroy(avow__parent_t *parent) {
  avow__value_unref(avow__reasons_take(&((group_t *) parent)->reasons));
}

avow_promise_t *avow_group_new(uv_loop_t *loop, avow_group_t **out) {
  static const avow__parent_class_t group_class = { .report = report,
                                                    .destroy = destroy };
  avow_promise_t *p;
  group_t *group = avow__parent_new(loop, &group_class, sizeof(*group), &p);
  *out = (avow_group_t *) (group != NULL ? group : &nobody);
  return p;
}

void avow_group_add(const avow_group_t *g, avow_promise_t *p) {
  group_t *group = mutable_group(g);
  if (group != &nobody) {
    avow__child_add(&group->parent, avow_follow(p), 0);
    return;
  }
  if (!avow__is_shared(p))
    avow__cancel(p);
  avow_unref(p);
}

void avow_group_close(avow_group_t *g) {
  group_t *group = mutable_group(g);
  if (group == &nobody)
    return;
  group->closed = true;
  settle_if_over(group);
  avow__parent_unref(&group->parent);
}
