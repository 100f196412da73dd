/* SPDX-License-Identifier: MIT */
/* Parents and their children. */
#include "engine/child.h"

#include <string.h>

#include "avow/cancel.h"
#include "base/alloc.h"
#include "engine/cancel.h"
#include "engine/chain.h"
#include "engine/promise.h"
#include "engine/settle.h"

static uv_once_t child_kinds = UV_ONCE_INIT;

static void child_stop(void *data) {
  avow__parent_t *parent = data;
  avow_deferred_t *d = parent->deferred;
  parent->deferred = NULL;
  parent->stopped = true;
  if (parent->klass->cancel != NULL)
    parent->klass->cancel(parent);
  else
    avow__children_cancel(parent);
  avow_deferred_drop(d);
}

/* The promise at `idle` was canceled. Cancels the children, too, but only once
   in each cancellation, because they may wait for the parent themselves. */
static void child_stop_again(void *data) {
  avow__parent_t *parent = data;
  const avow__context_t *c = parent->context;
  if (parent->canceled == c->cancel.cancellations)
    return;
  parent->canceled = c->cancel.cancellations;
  avow__children_cancel(parent);
}

avow__parent_t *avow__parent_of(const avow_promise_t *p) {
  assert(avow__is_pending(p));
  if (p->kind != AVOW__DEFERRED || (p->flags & AVOW__DEFERRED_DETAILED) == 0)
    return NULL;
  const avow_cancel_cb cb = p->u.deferred.on_cancel;
  return cb == child_stop || cb == child_stop_again ? p->data : NULL;
}

/* The finally handler of a parent's promise, which has settled and now waits
   for the children. */
static avow_value_t child_outlive(void *data) {
  avow__parent_t *parent = data;
  if (parent->running == 0) {
    avow__parent_unref(parent);
    return avow_none();
  }
  avow_promise_t *p = avow__promise_new_surely(parent->context, &parent->idle);
  if (avow__is_pending(p)) {
    avow__outlast_cancel(parent->idle);
    avow__delay_close(parent->idle);
    avow_on_cancel(parent->idle, child_stop_again, parent);
  }
  return avow_follow(p);
}

bool avow__parent_is_source(const avow__parent_t *parent,
                            const avow_promise_t *p) {
  return p->kind == AVOW__FINALLY && avow__is_pending(p) &&
         p->u.fn == child_outlive && p->data == parent;
}

static void child_report(avow__parent_t *parent, uint32_t index,
                         avow_value_t outcome) {
  parent->running--;
  parent->klass->report(parent, index, outcome);
  if (parent->running == 0 && parent->idle != NULL) {
    (void) avow_resolve(parent->idle, avow_none()); /* false if the loop gave
                                                       up */
    parent->idle = NULL;
    avow__parent_unref(parent);
  }
  avow__parent_unref(parent);
}

static void child_run(avow_promise_t *child) {
  avow__parent_t *parent = child->u.child.parent;
  const uint32_t index = child->u.child.index;
  avow__list_remove(&parent->children, &child->siblings);
  const avow_value_t outcome = avow__take_upstream(child);
  avow__pool_free(&parent->context->pool, child);
  child_report(parent, index, outcome);
}

static void set_child_kinds(void) {
  avow__kinds[AVOW__CHILD] =
      (avow__kind_row_t){ .name = "child", .run = child_run };
}

static void *child_set_up(avow__parent_t *parent, avow__context_t *c,
                          const avow__parent_class_t *klass) {
  uv_once(&child_kinds, set_child_kinds);
  parent->klass = klass;
  parent->context = c;
  parent->refs = 1;
  (void) avow__ref(c->canceled); /* keeps the context */
  return parent;
}

static void *parent_alloc(avow__context_t *c, const avow__parent_class_t *klass,
                          size_t size) {
  avow__parent_t *parent = avow_calloc(1, size);
  return parent != NULL ? child_set_up(parent, c, klass) : NULL;
}

void *avow__parent_alloc(uv_loop_t *loop, const avow__parent_class_t *klass,
                         size_t size) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  return parent_alloc(c, klass, size);
}

static void *give_promise(avow__parent_t *parent, avow_promise_t *p,
                          avow_deferred_t *d, avow_promise_t **out) {
  parent->deferred = d;
  parent->refs++; /* for child_outlive() */
  avow_on_cancel(d, child_stop, parent);
  *out = avow_finally(p, child_outlive, parent);
  return parent;
}

void *avow__parent_new(uv_loop_t *loop, const avow__parent_class_t *klass,
                       size_t size, avow_promise_t **out) {
  avow__context_t *c = avow__context_of(loop);
  avow_deferred_t *d;
  avow_promise_t *p = avow__promise_new(c, &d);
  avow__parent_t *parent =
      avow__is_pending(p) ? parent_alloc(c, klass, size) : NULL;
  if (parent == NULL) {
    (void) avow_reject(d, avow_error(UV_ENOMEM)); /* false if rejected before */
    *out = p;
    return NULL;
  }
  return give_promise(parent, p, d, out);
}

_Static_assert(sizeof(avow__parent_t) <= offsetof(avow_promise_t, refs),
               "a parent in a block must not overlap the mark that tells it "
               "from promises");

avow__parent_t *avow__parent_new_surely(uv_loop_t *loop,
                                        const avow__parent_class_t *klass,
                                        avow_promise_t **out) {
  avow__context_t *c = avow__context_of(loop);
  avow_deferred_t *d;
  *out = avow__promise_new_surely(c, &d);
  avow_promise_t *block = NULL;
  if (avow__is_pending(*out))
    block = avow__pool_alloc_reserved(&c->pool);
  if (block == NULL) {
    (void) avow_reject(d, avow_error(UV_ENOMEM)); /* false if rejected before */
    return NULL;
  }
  block->kind = AVOW__FREE;
  avow__parent_t *parent = (avow__parent_t *) (void *) block;
  memset(parent, 0, sizeof(*parent));
  parent->in_block = true;
  return give_promise(child_set_up(parent, c, klass), *out, d, out);
}

void avow__parent_unref(avow__parent_t *parent) {
  if (--parent->refs > 0)
    return;
  assert(parent->running == 0 && parent->deferred == NULL);
  avow__context_t *c = parent->context;
  if (parent->klass->destroy != NULL)
    parent->klass->destroy(parent);
  if (parent->in_block)
    avow__pool_free(&c->pool, (avow_promise_t *) (void *) parent);
  else
    avow_free(parent);
  avow_unref(c->canceled); /* last, because it may free the context */
}

void avow__parent_settle(avow__parent_t *parent, avow_value_t v) {
  avow_deferred_t *d = parent->deferred;
  parent->deferred = NULL;
  parent->stopped = true;
  if (d != NULL)
    (void) avow_resolve(d, v); /* it is pending */
  else
    avow__value_unref(v);
}

/* Reports an input for which there is no block for a CHILD. */
static void report_now(avow__parent_t *parent, avow_promise_t *p,
                       uint32_t index) {
  avow_value_t outcome = avow_error(UV_ENOMEM);
  avow__mark_handled(p);
  if (avow__is_pending(p))
    avow__cancel(p);
  else
    outcome = avow_value_ref(&p->u.value);
  avow_unref(p);
  child_report(parent, index, outcome);
}

void avow__child_add(avow__parent_t *parent, avow_value_t v, uint32_t index) {
  avow__context_t *c = parent->context;
  avow_promise_t *p = avow__promise_of(c, v);
  if (parent->stopped)
    avow__cancel_unshared(p);
  void *block = avow__block_surely(c);
  parent->refs++;
  parent->running++;
  if (AVOW__UNLIKELY(block == NULL)) {
    report_now(parent, p, index);
    return;
  }
  avow_promise_t *child = avow__promise_init(c, block, AVOW__CHILD);
  child->u.child.parent = parent;
  child->u.child.index = index;
  child->upstream = p;
  avow__list_append(&parent->children, &child->siblings);
  avow__subscribe(child);
}

/* The children are in a list of the context until cancel.c puts them back.
   Canceling runs no job, so none of them reports meanwhile. */
void avow__children_cancel_for(avow__parent_t *parent, avow_value_t reason) {
  avow__link_t *children = parent->children;
  if (children == NULL) {
    avow__value_unref(reason);
    return;
  }
  parent->children = NULL;
  avow__list_splice(&parent->context->cancel.children, children);
  avow__cancel_listed_for(parent->context, reason);
}

void avow__children_cancel(avow__parent_t *parent) {
  avow__children_cancel_for(parent, avow_none());
}
