/* What a promise waits for, and what its job does when its turn comes. */
#ifndef AVOW_KIND_H
#define AVOW_KIND_H

typedef enum avow__kind_e {
  AVOW__FREE,         /* not in use */
  AVOW__VALUE,        /* was born settled */
  AVOW__DEFERRED,     /* a deferred settles it */
  AVOW__TIMER,        /* the loop's timer fulfils it */
  AVOW__CLOSE,        /* uv_close() fulfils it, and nothing stops that */
  AVOW__THEN,         /* calls a handler when upstream is settled */
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
  AVOW__UNTIL,        /* settles as upstream, unless its WATCH is first */
  AVOW__STOPPED,      /* rejects with u.value once upstream is settled */
  AVOW__WATCH,        /* tells an UNTIL of its stop promise */
  AVOW__ELEMENT,      /* reports its upstream to a gather */
  AVOW__UNWANTED,     /* no reaction any more: upstream is to be cancelled */
  AVOW__GATHER,       /* collects elements */
  AVOW__GATHERED,     /* settles with u.value when its elements are over */
  AVOW__CHILD,        /* reports its upstream to a tool */
  AVOW__PHASE,        /* waits for a phase of the loop */
  AVOW__NEXT,         /* waits for an item of the channel at data */
  AVOW__SEND,         /* waits for room for its u.value in that at data */
  AVOW__CHANNEL,      /* no promise, but a channel in a block of this size */
  AVOW__KINDS
} avow__kind_t;

#endif
