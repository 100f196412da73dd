/* SPDX-License-Identifier: MIT */
/*
 * What a promise waits for, and what its job does when its turn comes. The
 * table in kinds.c says of each kind what others do to a promise for its sake;
 * the functions that it names are their files' alone to call otherwise.
 */
#ifndef AVOW_KIND_H
#define AVOW_KIND_H

#include "avow/promise.h"
#include "base/compiler.h"

typedef enum avow__kind_e {
  AVOW__FREE,         /* not in use */
  AVOW__VALUE,        /* was born settled */
  AVOW__DEFERRED,     /* a deferred settles it */
  AVOW__TIMER,        /* the loop's timer fulfils it */
  AVOW__CLOSE,        /* uv_close() fulfils it, and nothing stops that */
  AVOW__THEN,         /* calls a handler when upstream is settled */
  AVOW__CLOSURE,      /* likewise, one that owns its data */
  AVOW__ON_SETTLED,   /* likewise, one that returns nothing; nobody holds it */
  AVOW__RUNNING,      /* its handler is on the stack */
  AVOW__FINALLY,      /* calls finally's handler */
  AVOW__FINALLY_WAIT, /* waits for what that returned, with u.value at hand */
  AVOW__FINALLY_LAST, /* settles with u.value */
  AVOW__ATTACH,       /* frees its data, then as upstream */
  AVOW__SHIELD,       /* settles as upstream, and lets no cancelling past */
  AVOW__JOIN,         /* queued: will subscribe to upstream, to adopt it */
  AVOW__ADOPT,        /* settles as upstream, u.hops jobs later */
  AVOW__THENABLE,     /* queued: will call the then function of u.value */
  AVOW__PAIRED,       /* a thenable has its upstream, a deferred for this one */
  AVOW__STEP,         /* queued: will call the step of a repeat */
  AVOW__REPEAT,       /* waits for what a step returned */
  AVOW__ASYNC,        /* resumes its function when upstream is settled */
  AVOW__STACKLESS,    /* calls its step likewise, u.then.on_fulfilled */
  AVOW__UNTIL,        /* settles as upstream, unless its SENTRY is first */
  AVOW__STOPPED,      /* rejects with u.value once upstream is settled */
  AVOW__SENTRY,       /* tells an UNTIL of its stop promise */
  AVOW__ELEMENT,      /* reports its upstream to a gather */
  AVOW__UNWANTED,     /* no reaction any more: upstream is to be cancelled */
  AVOW__GATHER,       /* collects elements */
  AVOW__GATHERED,     /* settles with u.value when its elements are over */
  AVOW__CHILD,        /* reports its upstream to a tool */
  AVOW__PHASE,        /* waits for a phase of the loop */
  AVOW__NEXT,         /* waits for an item of the channel at data */
  AVOW__SEND,         /* waits for room for its u.value in that at data */
  AVOW__SELECT,       /* waits for one of its cases */
  AVOW__CASE,         /* waits for its select, in the channel at data, or for
                         upstream */
  AVOW__UNCHOSEN,     /* queued: lets go of what a case had */
  AVOW__QUEUED,       /* waits for a permit of the limiter at u.turn */
  AVOW__GRANTED,      /* queued: has one, and will call u.turn.fn */
  AVOW__LIMITED,      /* has one, and waits for what that returned */
  AVOW__CHANNEL,      /* no promise, but a channel in a block of this size */
  AVOW__KINDS
} avow__kind_t;

typedef struct avow__kind_row_s {
  const char *name; /* in a dump */
  bool is_root;     /* nothing else of avow's will settle it */
  /* Its job. NULL: it is never queued, or chain.c runs it in place. */
  void (*run)(avow_promise_t *p);
  /* Cancelling climbed from start to p, and no further. NULL: there is nothing
     left to stop. */
  void (*cancel_from)(avow_promise_t *p, avow_promise_t *start);
  /* A reaction that no longer waits for its upstream ends. NULL: no reaction,
     or none that cancelling comes to. */
  void (*detached)(avow_promise_t *p);
  /* The channel in which p waits has v for it. NULL: p is resolved with v. */
  void (*served)(avow_promise_t *p, avow_value_t v);
} avow__kind_row_t;

/* Every file sets the rows of its own kinds, by uv_once(), before it makes the
   first promise of such a kind; kinds.c has the others. */
extern AVOW__HIDDEN avow__kind_row_t avow__kinds[AVOW__KINDS];

#endif
