/* SPDX-License-Identifier: MIT */
/* The fields of parents: child.h. */
#ifndef AVOW_PARENT_H
#define AVOW_PARENT_H

#include "avow/promise.h"
#include "base/list.h"

typedef struct avow__context_s avow__context_t;
typedef struct avow__parent_s avow__parent_t;

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
  bool stopped;      /* settled, or about to: starts nothing new */
  bool ended;        /* a group's: no more children come */
  bool released;     /* a group's: the program has let go of it */
  bool in_block;     /* it is a block of the pool: there was no memory */
  uint32_t canceled; /* the cancellation that canceled `idle` last */
  avow_deferred_t *deferred; /* of its promise; NULL when that has settled */
  avow_deferred_t *idle;     /* of the promise that no child is running */
};

#endif
