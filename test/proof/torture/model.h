/* SPDX-License-Identifier: MIT */
/*
 * A plain model of promises, with nodes that are never freed and lists that are
 * searched. It follows docs/semantics.md, does not use avow's code, and is
 * compared with avow after each step.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "avow/all.h"
#include "digest.h"

enum { NODES = 4096, INPUTS = 4 };

typedef enum kind_e {
  LEAF,   /* a deferred settles it */
  REMOTE, /* a remote settles it */
  SLEEP,
  MAP,     /* then: a value becomes another */
  RECOVER, /* catch: a reason becomes a value */
  FOLLOW,  /* then: waits for its target */
  RETRY,   /* catch: waits for its target */
  FINALLY, /* waits for its target, if it has one */
  GATHER,
  ELEMENT, /* of a gather; not a promise */
  UNTIL,
  WATCH /* of an until's stop; not a promise */
} kind_t;

typedef enum stage_e {
  UNBORN, /* will be made by a handler */
  WAITING,
  JOINING,  /* queued, to adopt upstream */
  ADOPTING, /* waits for upstream and settles like it */
  CLEANING, /* a finally after its handler */
  CLEANED,  /* a finally one job later */
  STOPPED   /* an until that waits for its canceled input */
} stage_t;

typedef struct node_s node_t;

typedef struct nodes_s {
  node_t *first, *last;
} nodes_t;

struct node_s {
  node_t *next; /* a node is in one list at a time */
  nodes_t waiters;
  node_t *upstream;
  kind_t kind;
  stage_t stage;
  outcome_t outcome;
  outcome_t at_hand; /* outcome of a finally or until, not yet passed on */
  outcome_t noted;   /* reason of its cancellation */
  node_t *lowest;    /* of a finally: where its cancellation began */
  size_t reach;      /* distance from there to the finally */
  bool held;         /* the program has a reference */
  bool canceled;     /* the promise that its handler returns is canceled */
  bool interrupted;  /* of a finally: canceled during its clean-up */
  bool merged;       /* it and its adopter are one in avow */
  unsigned extra;    /* references of handlers that will follow it */
  unsigned consumers;
  unsigned deferreds;
  unsigned hops; /* further jobs for merged nodes */
  node_t *target;
  uint64_t ms, slow; /* duration of a sleep, and of its handler */
  uint64_t deadline;
  bool due;                 /* it was due at the last check of the time */
  bool polled;              /* and the loop has polled since */
  int code;                 /* of a sleep that rejects */
  node_t *watch;            /* of an until */
  node_t *gather;           /* of an element, or the until of a watch */
  size_t index;             /* index of an element */
  node_t *elements[INPUTS]; /* of a gather, as all below; or NULL */
  uint64_t items[INPUTS];   /* digests */
  size_t n, remaining;
  int gather_kind;
  bool cancels_losers;
};

typedef struct model_s {
  node_t nodes[NODES];
  size_t n;
  node_t *sleeps[NODES]; /* the oldest first */
  size_t n_sleeps;
  node_t *sent[NODES]; /* settled remotes, in order */
  outcome_t sent_outcomes[NODES];
  size_t n_sent;
  nodes_t queue;
  nodes_t condemned; /* elements and watches whose inputs to cancel */
  bool canceling;
  outcome_t reason;       /* its reason; pending: UV_ECANCELED */
  size_t waiting_remotes; /* they keep the loop alive */
  uint64_t present, cached;
  bool woken; /* the loop has work */
  log_t log;
} model_t;

extern model_t model;

void model_reset(uint64_t present);
node_t *model_node(kind_t kind);
bool model_is_pending(const node_t *node);

/* These model functions of avow. The caller counts references. */
void model_sleep(node_t *sleep);
void model_react(node_t *reaction, node_t *from);
void model_gather(node_t *gather, int kind, node_t *const inputs[], size_t n);
void model_until(node_t *until, node_t *input, node_t *stop);
bool model_resolve(node_t *leaf, outcome_t outcome);
bool model_follow(node_t *leaf, node_t *target);
void model_send(node_t *remote, outcome_t outcome);
void model_cancel(node_t *node);
void model_cancel_for(node_t *node, outcome_t reason);
/* Returns the outcome of a promise that is canceled for `given`; pending if the
   reason adds nothing. */
outcome_t model_reason(outcome_t given);
void model_turn(void);

/* Functions that model.c, gathers.c and turn.c share. */
void model_drain(void);
void model_forget_sleep(const node_t *sleep);
void model_append(nodes_t *list, node_t *node);
node_t *model_take_first(nodes_t *list);
void model_remove(nodes_t *list, const node_t *node);
bool model_is_shared(const node_t *node);
void model_settle(node_t *node, outcome_t outcome);
void model_subscribe(node_t *job, node_t *from);
outcome_t model_take_upstream(node_t *job);
/* Within another cancellation, that one continues after its current step. */
void model_cancel_condemned(void);
void model_drop_elements(node_t *gather, nodes_t *condemned);
void model_drop_watch(node_t *until);
void model_run_element(node_t *element);
void model_run_until(node_t *until);
void model_run_watch(node_t *watch);

/* Counts as avow_loop_stats() does. */
void model_stats(avow_stats_t *out);

#endif
