/* SPDX-License-Identifier: MIT */
/* The fields of parents: child.h. */
#ifndef AVOW_PARENT_H
#define AVOW_PARENT_H

#include "avow/promise.h"
#include "base/list.h"

typedef struct avow__context_s avow__context_t;
typedef struct avow__parent_s avow__parent_t;

typedef void (*avow__function_t)(void); /* of the program */

typedef struct avow__parent_class_s {
  /* Called with the outcome of a child. Takes ownership of it. `index` is that
     of avow__child_add(). */
  void (*report)(avow__parent_t *parent, uint32_t index, avow_value_t outcome);
  /* Called when the promise of the parent was canceled. NULL: the children are
     canceled, too. */
  void (*cancel)(avow__parent_t *parent);
  /* Releases what the parent holds, but not the parent. NULL: it holds
     nothing. */
  void (*destroy)(avow__parent_t *parent);
  /* The function that a report may call. NULL: there is none. */
  avow__function_t (*function)(const avow__parent_t *parent);
} avow__parent_class_t;

struct avow__parent_s {
  const avow__parent_class_t *klass;
  avow__context_t *context;
  avow__link_t *children;
  uint32_t running; /* the number of children */
  uint32_t refs;
  bool stopped;      /* settled, or about to settle: starts nothing new */
  bool ended;        /* a group: no more children come */
  bool released;     /* a group: the program has released it */
  bool in_block;     /* made of a block of the pool, without memory */
  uint32_t canceled; /* the cancellation that canceled `idle` last */
  avow_deferred_t *deferred; /* of its promise; NULL when that has settled */
  avow_deferred_t *idle;     /* settles when no child is running */
};

#endif
