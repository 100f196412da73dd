/* SPDX-License-Identifier: MIT */
/*
 * Parents and children: a promise that outlives others. Each child is a promise
 * whose outcome its parent waits for, through a reaction without a promise of
 * its own; it reports exactly once, whatever becomes of the memory and of the
 * loop. The parent's promise may settle, or be cancelled, at any time; what the
 * program sees of it comes only when the last child has reported, so that what
 * they use may be freed behind it.
 */
#ifndef AVOW_CHILD_H
#define AVOW_CHILD_H

#include "base/list.h"
#include "engine/promise.h"

typedef struct avow__parent_class_s {
  /* Called with a child's outcome, which is taken; index is what the child was
     added with. */
  void (*report)(avow__parent_t *parent, uint32_t index, avow_value_t outcome);
  /* Called when its promise was cancelled. NULL: the children are then, too. */
  void (*cancel)(avow__parent_t *parent);
  /* What it holds, not itself. NULL: nothing. */
  void (*destroy)(avow__parent_t *parent);
} avow__parent_class_t;

struct avow__parent_s {
  const avow__parent_class_t *klass;
  avow__context_t *context;
  avow__link_t *children;
  uint32_t running; /* how many these are */
  uint32_t refs;
  bool stopped;              /* settled, or about to: starts nothing new */
  bool ended;                /* a group's: no more children come */
  bool released;             /* a group's: the program has let go of it */
  bool in_block;             /* a block of the pool's: there was no other */
  uint32_t canceled;         /* the last cancellation of its end */
  avow_deferred_t *deferred; /* its promise; NULL once that is settled */
  avow_deferred_t *idle;     /* of a promise that there are no children */
};

/* A parent of size zeroed bytes, with one reference; its promise in *out. NULL
   without memory, with the rejection there. */
void *avow__parent_new(uv_loop_t *loop, const avow__parent_class_t *klass,
                       size_t size, avow_promise_t **out);
void avow__parent_unref(avow__parent_t *parent);

/* Makes a parent that holds nothing else from the reserve, where there is no
   other memory. NULL once that is used up. */
avow__parent_t *avow__parent_new_surely(uv_loop_t *loop,
                                        const avow__parent_class_t *klass,
                                        avow_promise_t **out);

/* Makes a parent that has no promise of its own. NULL without memory. */
void *avow__parent_alloc(uv_loop_t *loop, const avow__parent_class_t *klass,
                         size_t size);

/* The parent for the end of whose children a promise waits; NULL if for
   nobody's. */
avow__parent_t *avow__parent_behind(const avow_promise_t *p);

/* Whether p is the promise that came of making this parent, and is pending. */
bool avow__parent_gave(const avow__parent_t *parent, const avow_promise_t *p);

/* Stops, and settles its promise unless that was cancelled. */
void avow__parent_settle(avow__parent_t *parent, avow_value_t v);

/* Adds what v wants to be waited for, and cancels it if the parent has stopped.
   Reports from a job; at once only if not even the reserve has a block left:
   then what is pending is cancelled and reported as UV_ENOMEM. */
void avow__child_add(avow__parent_t *parent, avow_value_t v, uint32_t index);

/* Cancels what nobody else holds. All of them still report. */
void avow__children_cancel(avow__parent_t *parent);

/* The same, because of a reason that avow__cancel_reason() gave. */
void avow__children_cancel_for(avow__parent_t *parent, avow_value_t reason);

#endif
