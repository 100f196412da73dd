/* SPDX-License-Identifier: MIT */
/*
 * The block that is a promise and also the reaction that settles it.
 *
 * `kind` determines what a pending promise waits for:
 *
 *   a deferred, a timer, a thenable's answer   no job, no upstream
 *   an item, or capacity, of a channel         in a list of the channel
 *   one of several cases (a select)            no job; each case waits
 *   its upstream to settle                     in upstream->waiters
 *   its job                                    in the queue of the loop
 *
 * A reaction is in the waiters of its upstream exactly while the upstream is
 * pending. Settling appends the whole list to the queue.
 *
 * References: those of the program, one for each reaction that has the block as
 * its upstream, and one for each deferred. The source of a pending promise
 * holds one more, unless that source is a deferred.
 */
#ifndef AVOW_BLOCK_H
#define AVOW_BLOCK_H

#include "avow/combine.h"
#include "base/container.h"
#include "engine/context.h"
#include "engine/kind.h"
#include "value/value.h"

/* Flags. A flag without the name of a kind has the same meaning in all
   kinds. */
enum {
  AVOW__STATE = 3,        /* mask of an avow_state_t */
  AVOW__HANDLED = 4,      /* a promise waited for it, or its reason was read */
  AVOW__CANCELED = 16,    /* a promise that its handler returns is canceled */
  AVOW__LOST = 128,       /* nomem.c: will be rejected with UV_ENOMEM */
  AVOW__SPARED = 1024,    /* a shield waits for it: loop.c does not cancel it */
  AVOW__TO_CANCEL = 2048, /* must be canceled; no memory was left to list it */
  AVOW__IN_VALUE = 0x8000, /* held by an object value: leak_report.c */

  AVOW__DEFERRED_RESOLVED = 8,      /* its deferreds have no further effect */
  AVOW__DEFERRED_DELAYS_CLOSE = 32, /* avow_loop_close() waits for it */
  AVOW__DEFERRED_PROXY = 64,        /* it settles its upstream, a PAIRED */
  AVOW__DEFERRED_DETAILED = 256,    /* its u.deferred is set */
  AVOW__DEFERRED_OUTLASTS = 512,    /* stays pending when it is canceled */
  AVOW__NAMED = 4096,               /* given_name is set: name.h */
  AVOW__VALUE_TOOL = 0x4000,        /* u.value is a tool: tools/tool.c */

  AVOW__THEN_KEEPS = 8,    /* a cancellation that passes through marks it */
  AVOW__THEN_BEGINS = 32,  /* if canceled before its job, it calls no handler */
  AVOW__ASYNC_CLEANS = 64, /* got UV_ECANCELED and has not waited since */
  AVOW__ATTACH_CANCELED = 256,   /* was canceled, and waits for its upstream */
  AVOW__FINALLY_INTERRUPTED = 8, /* canceled while its cleanup is pending */

  AVOW__GATHER_JOINS = 8,      /* settles after the inputs that it cancels */
  AVOW__GATHER_CANCELS = 32,   /* cancels inputs that it no longer needs */
  AVOW__GATHER_ENDED = 4096,   /* takes no more inputs */
  AVOW__GATHER_STEERED = 8192, /* its avow_gather_t also holds a reference */

  AVOW__CHANNEL_ENDED = 8, /* takes no more items */
  AVOW__CHANNEL_FED = 32,  /* has a source, and takes items only from it */
  AVOW__CHANNEL_ASKED = 64 /* avow_channel_try_next() asks the source */
};

/* The flags that all kinds have, joined by `op`. The results for | and for +
   are equal only if all flags are different bits. */
#define AVOW__FLAGS_OF_ALL(op)                                                 \
  AVOW__STATE op AVOW__HANDLED op AVOW__CANCELED op AVOW__LOST op AVOW__SPARED \
      op AVOW__TO_CANCEL op AVOW__IN_VALUE

/* The flags of each kind, including those that a promise keeps from its
   previous kind. */
#define AVOW__FLAGS_OF_ADOPTING(op)                         \
  AVOW__DEFERRED_RESOLVED op AVOW__DEFERRED_DELAYS_CLOSE op \
      AVOW__DEFERRED_DETAILED op AVOW__DEFERRED_OUTLASTS
#define AVOW__FLAGS_OF_FOLLOW   AVOW__FLAGS_OF_ADOPTING
#define AVOW__FLAGS_OF_ADOPT    AVOW__FLAGS_OF_ADOPTING
#define AVOW__FLAGS_OF_THENABLE AVOW__FLAGS_OF_ADOPTING
#define AVOW__FLAGS_OF_PAIRED   AVOW__FLAGS_OF_ADOPTING
#define AVOW__FLAGS_OF_DEFERRED(op) \
  AVOW__FLAGS_OF_ADOPTING(op) op AVOW__DEFERRED_PROXY op AVOW__NAMED
#define AVOW__FLAGS_OF_VALUE(op) \
  AVOW__FLAGS_OF_ADOPTING(op) op AVOW__DEFERRED_PROXY op AVOW__VALUE_TOOL
#define AVOW__FLAGS_OF_THEN(op) AVOW__THEN_KEEPS op AVOW__THEN_BEGINS
#define AVOW__FLAGS_OF_RUNNING(op) \
  AVOW__FLAGS_OF_THEN(op)          \
  op AVOW__ASYNC_CLEANS op AVOW__ATTACH_CANCELED op AVOW__NAMED
#define AVOW__FLAGS_OF_ASYNC(op)        AVOW__ASYNC_CLEANS
#define AVOW__FLAGS_OF_STACKLESS(op)    AVOW__ASYNC_CLEANS
#define AVOW__FLAGS_OF_ATTACH(op)       AVOW__ATTACH_CANCELED
#define AVOW__FLAGS_OF_FINALLY_WAIT(op) AVOW__FINALLY_INTERRUPTED
#define AVOW__FLAGS_OF_FINALLY_LAST(op) AVOW__FINALLY_INTERRUPTED
#define AVOW__FLAGS_OF_GATHER(op)                                     \
  AVOW__GATHER_JOINS op AVOW__GATHER_CANCELS op AVOW__GATHER_ENDED op \
      AVOW__GATHER_STEERED
#define AVOW__FLAGS_OF_GATHERED AVOW__FLAGS_OF_GATHER
#define AVOW__FLAGS_OF_CHANNEL(op) \
  AVOW__CHANNEL_ENDED op AVOW__CHANNEL_FED op AVOW__CHANNEL_ASKED

/* The kinds that have flags of their own. */
#define AVOW__FLAGGED(row)                                                  \
  row(FOLLOW) row(ADOPT) row(THENABLE) row(PAIRED) row(DEFERRED) row(VALUE) \
      row(THEN) row(RUNNING) row(ASYNC) row(STACKLESS) row(ATTACH)          \
          row(FINALLY_WAIT) row(FINALLY_LAST) row(GATHER) row(GATHERED)     \
              row(CHANNEL)

#define AVOW__FLAGS_DIFFER(kind)                                         \
  _Static_assert(AVOW__FLAGS_OF_ALL(+) + AVOW__FLAGS_OF_##kind(+) ==     \
                     (AVOW__FLAGS_OF_ALL(|) | AVOW__FLAGS_OF_##kind(|)), \
                 "two flags of " #kind " are one bit");
#ifndef __cppcheck__ /* cppcheck cannot parse an operator argument */
AVOW__FLAGGED(AVOW__FLAGS_DIFFER)
#endif

/* The kind of a gather that keeps no outcomes: its observer gets each of
   them. */
#define AVOW__OBSERVED ((avow_gather_kind_t) (AVOW_ANY + 1))

typedef struct avow__parent_s avow__parent_t;
typedef struct avow__ring_s avow__ring_t;
typedef struct avow__source_s avow__source_t;
typedef struct avow__observer_s avow__observer_t;

struct avow_promise_s {
  union {
    avow__link_t link;      /* in one list at a time */
    avow__node_t node;      /* of a CLOSE, in the table AVOW__CLOSERS */
    const char *given_name; /* the name if NAMED; then in no list */
    struct {
      avow__link_t *receivers, *senders; /* of a CHANNEL */
    };
  };
  avow_promise_t *upstream; /* counted, except between a PAIRED and its proxy */
  union {
    struct {
      union {
        avow__link_t *waiters;  /* reactions, in the order of registration */
        avow_promise_t *select; /* of a CASE; not counted */
      };
      union {
        void *data;             /* for callbacks of the program; or a fiber */
        avow__link_t *elements; /* of a GATHER, linked by `siblings` */
        size_t reach;           /* of a FINALLY_WAIT: as u.reach */
      };
    };
    avow__link_t siblings; /* of an ELEMENT or a CHILD */
    struct {
      avow__ring_t *ring; /* of a CHANNEL */
      avow__source_t *source;
    };
  };
  union {
    avow_value_t value; /* the outcome of a settled promise; the value of a
                           FINALLY_WAIT, FINALLY_LAST or THENABLE; the item of a
                           SEND or a CASE; the end of a CHANNEL or SELECT */
    struct {
      avow_cb on_fulfilled, on_rejected;
    } then;
    struct {
      avow_fn fn;   /* FINALLY, STEP, REPEAT */
      size_t reach; /* FINALLY: promises below it that a cancellation passed */
    };
    void (*free_fn)(void *);    /* ATTACH */
    avow_settled_cb on_settled; /* ON_SETTLED */
    uint64_t hops;              /* ADOPT */
    struct {
      uint64_t deadline;
      uint32_t expiries; /* expiries of the wheel before this was made */
      bool is_limit;     /* of an avow_timeout(): it rejects */
      bool is_weak;      /* does not keep the loop alive */
    } timer;
    struct {
      void (*on_cancel)(void *data);
      uint32_t holders;
    } deferred;
    struct {
      avow_fn fn; /* NULL: the promise settles with the permit */
      void *limiter;
    } permit; /* QUEUED, GRANTED, LIMITED */
    struct {
      avow_promise_t *gather;
      uint32_t index;
    } element;
    avow_promise_t *until; /* of a STOPPER */
    struct {
      avow__parent_t *parent;
      uint32_t index;
    } child;
    struct {
      union {
        avow__list_t *list;
        avow__observer_t *observer; /* of an OBSERVED gather */
      };
      uint32_t remaining;
      avow_gather_kind_t kind;
    } gather;
  } u;
  uint32_t refs;
  uint16_t flags;
  uint8_t kind;
  uint8_t deferreds; /* deferreds that may still settle it, counted by checked
                        builds; UINT8_MAX: they are not counted */
#ifdef AVOW_TRACE
  const void *caller;     /* the place that made it: backtrace.h */
  const void *settled_by; /* the place that settled its deferred first */
  uint64_t since;         /* when it was made, in ms */
  uint64_t serial;
  const char *name; /* of its first kind, or from avow__probe_named() */
  const char *span; /* for trace.c: its name in a trace */
  uint32_t arrow;   /* for trace.c: the arrow to its job; 0: not queued */
  bool tracked;     /* for trace.c: it has a track of its own */
#endif
};

#if !defined(AVOW_TRACE)
_Static_assert(sizeof(struct avow_promise_s) <= 64, "one cache line");
#endif

/* The slab of a block has the pointer to the context. If blocks are from
   malloc(), the memory before each block has the pointer. */
#ifdef AVOW_NO_POOL
typedef struct avow__malloc_block_s {
  avow__link_t link; /* in avow__pool_t.all */
  avow__context_t *context;
  avow_promise_t promise;
} avow__malloc_block_t;

static inline avow__malloc_block_t *avow__malloc_block_of(
    const avow_promise_t *p) {
  return AVOW__CONTAINER(avow__malloc_block_t, promise, avow__mutable(p));
}

static inline avow__context_t *avow__context(const avow_promise_t *p) {
  return avow__malloc_block_of(p)->context;
}
#else
static inline avow__slab_t *avow__slab_of(const avow_promise_t *p) {
  char *block = (char *) avow__mutable(p);
  return (avow__slab_t *) (void *) (block - (uintptr_t) block % AVOW__SLAB);
}

static inline avow__context_t *avow__context(const avow_promise_t *p) {
  return avow__slab_of(p)->context;
}
#endif

static inline avow_promise_t *avow__from_sibling(avow__link_t *link) {
  return AVOW__CONTAINER(avow_promise_t, siblings, link);
}

/* Adds a reference. Unlike avow_ref(), this function does not check that the
   caller has one. */
static inline avow_promise_t *avow__ref(const void *borrowed) {
  avow_promise_t *p = avow__mutable(borrowed);
  p->refs++;
  return p;
}

static inline avow_state_t avow__state(const avow_promise_t *p) {
  return (avow_state_t) (p->flags & AVOW__STATE);
}

static inline bool avow__is_pending(const avow_promise_t *p) {
  return (p->flags & AVOW__STATE) == AVOW_PENDING;
}

/* Whether p is a reaction or a case that the program never gets. */
static inline bool avow__is_bare(const avow_promise_t *p) {
  return p->kind == AVOW__ELEMENT || p->kind == AVOW__STOPPER ||
         p->kind == AVOW__CHILD || p->kind == AVOW__CASE ||
         p->kind == AVOW__UNCHOSEN;
}

/* Whether p is a gather that has not settled. False for the rejection that is
   returned if no gather could be made. */
static inline bool avow__is_gather(const avow_promise_t *p) {
  return p->kind == AVOW__GATHER && avow__is_pending(p);
}

/* The number of references that the source of a pending promise holds: one for
   each deferred, or one for any other source, and one for an avow_gather_t. */
static inline uint32_t avow__sources(const avow_promise_t *p) {
  if (p->kind == AVOW__DEFERRED && (p->flags & AVOW__DEFERRED_DETAILED) != 0)
    return p->u.deferred.holders;
  return (p->flags & AVOW__GATHER_STEERED) != 0 ? 2 : 1;
}

/* Whether a pending promise has more references than those of its source and
   one further reference. */
static inline bool avow__is_shared(const avow_promise_t *p) {
  return p->refs > avow__sources(p) + 1;
}

#endif
