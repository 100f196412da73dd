/* SPDX-License-Identifier: MIT */
/*
 * The kinds of promises: what a promise waits for, and what its job does. The
 * rows of avow__kinds have the functions that chain.c, cancel.c and the
 * channels call for a promise of each kind. Only the file that defines such a
 * function calls it directly.
 */
#ifndef AVOW_KIND_H
#define AVOW_KIND_H

#include "avow/promise.h"
#include "base/compiler.h"

typedef enum avow__kind_e {
  AVOW__FREE,         /* not in use */
  AVOW__VALUE,        /* settled since it was made */
  AVOW__DEFERRED,     /* settled by a deferred */
  AVOW__TIMER,        /* fulfilled by the timer of the loop */
  AVOW__CLOSE,        /* fulfilled when a handle has closed; nothing stops it */
  AVOW__THEN,         /* calls a handler when upstream has settled */
  AVOW__CLOSURE,      /* like THEN, but its handler owns its data */
  AVOW__ON_SETTLED,   /* like THEN, but its handler returns nothing */
  AVOW__RUNNING,      /* its handler is on the stack */
  AVOW__FINALLY,      /* calls the finally handler when upstream has settled */
  AVOW__FINALLY_WAIT, /* waits for the handler's result; keeps the outcome */
  AVOW__FINALLY_LAST, /* queued: settles with u.value */
  AVOW__ATTACH,       /* frees its data, then settles as upstream */
  AVOW__SHIELD,       /* settles as upstream; cancellation does not pass it */
  AVOW__FOLLOW,       /* queued: subscribes to upstream, to adopt it */
  AVOW__ADOPT,        /* settles as upstream, u.hops jobs later */
  AVOW__THENABLE,     /* queued: calls the then function of u.value */
  AVOW__PAIRED,       /* adopts a thenable; upstream is the deferred for it */
  AVOW__STEP,         /* queued: calls the step of a repeat */
  AVOW__REPEAT,       /* waits for the promise that a step returned */
  AVOW__ASYNC,        /* resumes its function when upstream has settled */
  AVOW__STACKLESS,    /* calls its step, u.then.on_fulfilled, like a THEN */
  AVOW__UNTIL,    /* settles as upstream, unless its STOPPER reports first */
  AVOW__STOPPED,  /* rejects with u.value when upstream has settled */
  AVOW__STOPPER,  /* reports the stop promise to an UNTIL */
  AVOW__ELEMENT,  /* reports its upstream to a GATHER */
  AVOW__UNWANTED, /* no reaction now; its upstream waits to be canceled */
  AVOW__GATHER,   /* collects the outcomes of its elements */
  AVOW__GATHERED, /* settles with u.value when its elements have reported */
  AVOW__CHILD,    /* reports its upstream to the parent that a tool keeps */
  AVOW__PHASE,    /* waits for a phase of the loop */
  AVOW__NEXT,     /* waits for an item of the channel at data */
  AVOW__SEND,     /* waits to put u.value into the channel at data */
  AVOW__SELECT,   /* waits for one of its cases */
  AVOW__CASE,     /* of a SELECT: waits in a channel, or for upstream */
  AVOW__UNCHOSEN, /* queued: releases the value of a case */
  AVOW__QUEUED,   /* waits for a permit of the limiter at u.permit */
  AVOW__GRANTED,  /* queued: has a permit, and calls u.permit.fn */
  AVOW__LIMITED,  /* has a permit; waits for what u.permit.fn returned */
  AVOW__CHANNEL,  /* no promise: a channel in a block of this size */
  AVOW__KINDS
} avow__kind_t;

typedef struct avow__kind_row_s {
  const char *name; /* in a dump */
  bool is_root;     /* no other part of avow settles it */
  /* The job. NULL: p is never queued, or chain.c runs it in place. */
  void (*run)(avow_promise_t *p);
  /* A cancellation went up from start to p, and no further. NULL: nothing is
     left to stop. */
  void (*cancel_from)(avow_promise_t *p, avow_promise_t *start);
  /* Ends a reaction that no longer waits for its upstream. NULL: p is no
     reaction, or cancellation does not reach it. */
  void (*detached)(avow_promise_t *p);
  /* The channel in which p waits has v for it. NULL: p is resolved with v. */
  void (*served)(avow_promise_t *p, avow_value_t v);
} avow__kind_row_t;

/* Each file sets the rows of its own kinds, by uv_once(), before it makes the
   first promise of such a kind. kinds.c has the other rows. */
extern AVOW__HIDDEN avow__kind_row_t avow__kinds[AVOW__KINDS];

/* The name of a gather of this avow_gather_kind_t. */
const char *avow__gather_name(unsigned kind);

#endif
