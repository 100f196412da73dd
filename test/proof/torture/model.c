/* SPDX-License-Identifier: MIT */
/* The model: values, settling, jobs, canceling. */
#include "model.h"

#include "memory.h"

model_t model;

/* Source promise of a finally whose real source continues for other waiters. */
static node_t canceled_node;

/* Tells whether the reason is UV_ECANCELED without a further reason. */
static bool is_bare(outcome_t outcome) {
  return outcome.digest == rejected(UV_ECANCELED).digest;
}

static bool is_given(outcome_t reason) {
  return reason.state != AVOW_PENDING;
}

static void note(const node_t *node, uint64_t digest) {
  log_call(&model.log, (size_t) (node - model.nodes), digest);
}

/* Lists. */

void model_append(nodes_t *list, node_t *node) {
  node->next = NULL;
  if (list->last != NULL)
    list->last->next = node;
  else
    list->first = node;
  list->last = node;
}

node_t *model_take_first(nodes_t *list) {
  node_t *first = list->first;
  list->first = first->next;
  if (list->first == NULL)
    list->last = NULL;
  return first;
}

void model_remove(nodes_t *list, const node_t *node) {
  nodes_t rest = { NULL, NULL };
  bool found = false;
  while (list->first != NULL) {
    node_t *each = model_take_first(list);
    found = found || each == node;
    if (each != node)
      model_append(&rest, each);
  }
  CHECK(found);
  *list = rest;
}

/* Nodes. */

void model_reset(uint64_t present) {
  model.n = model.n_sleeps = model.n_sent = model.waiting_remotes = 0;
  model.queue = (nodes_t){ NULL, NULL };
  model.present = model.cached = present;
  model.woken = false;
  model.log.n = 0;
  canceled_node = (node_t){ .outcome = rejected(UV_ECANCELED) };
}

node_t *model_node(kind_t kind) {
  CHECK(model.n < NODES);
  node_t *node = &model.nodes[model.n++];
  *node = (node_t){ .kind = kind, .stage = WAITING };
  if (kind == REMOTE)
    model.waiting_remotes++;
  return node;
}

bool model_is_pending(const node_t *node) {
  return node->outcome.state == AVOW_PENDING;
}

/* Tells whether the node has more than one reference. */
bool model_is_shared(const node_t *node) {
  return node->held + node->extra + node->consumers > 1;
}

/* Settling and its jobs. */

static void enqueue(node_t *job) {
  model_append(&model.queue, job);
  model.woken = true;
}

void model_settle(node_t *node, outcome_t outcome) {
  CHECK(model_is_pending(node) && outcome.state != AVOW_PENDING);
  const bool says_why = is_bare(outcome) && is_given(node->noted);
  node->outcome = says_why ? node->noted : outcome;
  if (node->kind == REMOTE && node->stage == WAITING)
    model.waiting_remotes--;
  while (node->waiters.first != NULL)
    enqueue(model_take_first(&node->waiters));
}

static void wait_on(node_t *job) {
  if (model_is_pending(job->upstream))
    model_append(&job->upstream->waiters, job);
  else
    enqueue(job);
}

void model_subscribe(node_t *job, node_t *from) {
  job->upstream = from;
  from->consumers++;
  wait_on(job);
}

outcome_t model_take_upstream(node_t *job) {
  node_t *from = job->upstream;
  job->upstream = NULL;
  from->consumers--;
  return from->outcome;
}

static void adopt(node_t *node, node_t *target) {
  if (node == target) {
    model_settle(node, rejected(AVOW_ECYCLE));
    return;
  }
  node->stage = JOINING;
  node->upstream = target;
  target->consumers++;
  enqueue(node);
}

/* Two adopters in a row count as one if the first has no other reference. */
static node_t *only_adopter(const node_t *node) {
  node_t *first = node->waiters.first;
  if (node->held || node->extra > 0 || node->deferreds > 0 ||
      node->consumers != 1 || first == NULL || first->stage != ADOPTING)
    return NULL;
  return first;
}

static void join(node_t *node) {
  node_t *last = only_adopter(node);
  if (last == NULL) {
    node->stage = ADOPTING;
    wait_on(node);
    return;
  }
  node->merged = true;
  last->upstream = node->upstream;
  last->hops++;
  wait_on(last);
}

static void run_adopting(node_t *node) {
  if (node->hops == 0) {
    model_settle(node, model_take_upstream(node));
    return;
  }
  node->hops--;
  enqueue(node);
}

static node_t *make_target(const node_t *node) {
  node_t *target = node->target;
  if (target->stage == UNBORN)
    model_sleep(target);
  else
    target->extra--;
  return target;
}

/* Handlers. */

static void forget_cancel(node_t *node) {
  node->canceled = false;
  node->noted = (outcome_t){ .state = AVOW_PENDING };
}

static void enter_handler(node_t *node, uint64_t digest) {
  note(node, digest);
  model.present += node->slow;
  if (node->upstream->outcome.canceled)
    forget_cancel(node);
}

static void follow(node_t *node) {
  (void) model_take_upstream(node); /* the handler got it */
  adopt(node, make_target(node));
  if (!node->canceled)
    return;
  const outcome_t reason = node->noted;
  forget_cancel(node);
  model_cancel_for(node, reason);
}

static void run_handler(node_t *node) {
  const outcome_t outcome = node->upstream->outcome;
  const bool catches = node->kind == RECOVER || node->kind == RETRY;
  const avow_state_t handled = catches ? AVOW_REJECTED : AVOW_FULFILLED;
  if (outcome.state != handled) {
    model_settle(node, model_take_upstream(node));
    return;
  }
  enter_handler(node, outcome.digest);
  if (node->kind == FOLLOW || node->kind == RETRY) {
    follow(node);
    return;
  }
  (void) model_take_upstream(node); /* already used */
  model_settle(node, fulfilled(digest_int(mapped(outcome.digest))));
}

static void run_finally(node_t *node) {
  enter_handler(node, 0);
  node->at_hand = model_take_upstream(node);
  node->stage = CLEANING;
  if (node->target != NULL)
    model_subscribe(node, make_target(node));
  else
    enqueue(node);
}

/* Canceling. */

static bool can_climb(const node_t *node, const node_t *start) {
  const node_t *from = node->upstream;
  return from != NULL && model_is_pending(from) && !model_is_shared(from) &&
         from != start;
}

/* If the upstream has settled, cancel_top() notes the cancellation at once,
   with its own reason. */
static void extend_reach(node_t *node, node_t *start, size_t below) {
  if (node->reach >= below || node->upstream == NULL ||
      !model_is_pending(node->upstream))
    return;
  node->reach = below;
  node->lowest = start;
}

static bool waits_for_clean_up(const node_t *node) {
  return node->stage == CLEANING && node->upstream != NULL &&
         model_is_pending(node->upstream);
}

static void note_reason(node_t *node) {
  if (!is_given(node->noted))
    node->noted = model.reason;
}

static node_t *interrupted(node_t *node) {
  if (!waits_for_clean_up(node))
    return node;
  node->interrupted = true;
  note_reason(node);
  return node;
}

static node_t *topmost(node_t *start) {
  node_t *node = interrupted(start);
  for (size_t below = 1; can_climb(node, start); below++) {
    node = interrupted(node->upstream);
    extend_reach(node, start, below);
  }
  return node;
}

outcome_t model_reason(outcome_t given) {
  if (is_bare(given))
    return (outcome_t){ .state = AVOW_PENDING };
  return given.canceled ? given : canceled_for(given.digest);
}

static outcome_t canceled(void) {
  return is_given(model.reason) ? model.reason : rejected(UV_ECANCELED);
}

static node_t *canceled_promise(void) {
  if (!is_given(model.reason))
    return &canceled_node;
  node_t *node = model_node(LEAF);
  node->outcome = model.reason;
  return node;
}

static void mark(node_t *node) {
  node->canceled = true;
  note_reason(node);
}

/* Returns the outcome of a finally whose clean-up has ended with `outcome`. */
static outcome_t clean_up_outcome(const node_t *node, outcome_t outcome) {
  if (outcome.state == AVOW_REJECTED &&
      !(node->interrupted && outcome.canceled))
    return outcome;
  return node->interrupted && node->at_hand.state == AVOW_FULFILLED
             ? rejected(UV_ECANCELED)
             : node->at_hand;
}

static void clean_up_end(node_t *node, outcome_t outcome) {
  const outcome_t kept = node->at_hand, before = model.reason;
  node->at_hand = clean_up_outcome(node, outcome);
  const bool ends = node->at_hand.state == AVOW_REJECTED &&
                    !node->at_hand.canceled &&
                    (kept.canceled || node->interrupted);
  if (!ends)
    return;
  const outcome_t started = model_reason(kept);
  model.reason = kept.canceled && is_given(started) ? started : node->noted;
  for (node_t *q = node->lowest; q != NULL && q != node; q = q->upstream)
    mark(q);
  model.reason = before;
}

static void detach(node_t *node) {
  node_t *from = node->upstream;
  model_remove(node->stage == JOINING ? &model.queue : &from->waiters, node);
  node->upstream = NULL;
  if (node->stage == CLEANING) {
    clean_up_end(node, fulfilled(0));
    model_settle(node, node->at_hand);
  } else if (node->kind == FINALLY) {
    model_subscribe(node, canceled_promise());
  } else {
    model_settle(node, canceled());
  }
  if (node->kind == UNTIL)
    model_drop_watch(node);
  from->consumers--;
}

static void mark_path(node_t *from, const node_t *top) {
  node_t *node = from;
  for (; node != top; node = node->upstream)
    mark(node);
  mark(node);
}

static void run_cleaning(node_t *node) {
  clean_up_end(node, node->upstream != NULL ? model_take_upstream(node)
                                            : fulfilled(0));
  node->stage = CLEANED;
  enqueue(node);
}

static void cancel_source(node_t *node) {
  if (node->kind == SLEEP)
    model_forget_sleep(node);
  model_settle(node, canceled());
  if (node->kind == LEAF)
    note(node, 0);
}

static void cancel_top(node_t *top, node_t *start) {
  const bool cleaned = top->stage == CLEANED ||
                       (top->stage == CLEANING && !waits_for_clean_up(top));
  if (cleaned) {
    mark_path(start, top);
  } else if (top->kind == GATHER) {
    model_drop_elements(top, &model.condemned);
    model_settle(top, canceled());
  } else if (top->upstream == NULL) {
    cancel_source(top);
  } else if (model_is_pending(top->upstream)) {
    detach(top);
  } else {
    mark_path(start, top);
  }
}

static void cancel_now(node_t *node) {
  if (model_is_pending(node))
    cancel_top(topmost(node), node);
}

void model_cancel_condemned(void) {
  if (model.canceling)
    return;
  model.canceling = true;
  while (model.condemned.first != NULL) {
    node_t *element = model_take_first(&model.condemned);
    cancel_now(element->upstream);
    (void) model_take_upstream(element); /* ignores the outcome */
  }
  model.canceling = false;
  model.reason = (outcome_t){ .state = AVOW_PENDING };
}

void model_cancel_for(node_t *node, outcome_t reason) {
  model.reason = reason;
  model.canceling = true;
  cancel_now(node);
  model.canceling = false;
  model_cancel_condemned();
}

void model_cancel(node_t *node) {
  model_cancel_for(node, (outcome_t){ .state = AVOW_PENDING });
}

/* Settling from outside. */

void model_react(node_t *reaction, node_t *from) {
  model_subscribe(reaction, from);
}

bool model_resolve(node_t *leaf, outcome_t outcome) {
  leaf->deferreds--;
  if (!model_is_pending(leaf))
    return false;
  model_settle(leaf, outcome);
  return true;
}

bool model_follow(node_t *leaf, node_t *target) {
  leaf->deferreds--;
  if (!model_is_pending(leaf))
    return false;
  adopt(leaf, target);
  return true;
}

void model_send(node_t *remote, outcome_t outcome) {
  model.sent[model.n_sent] = remote;
  model.sent_outcomes[model.n_sent++] = outcome;
}

/* The loop. */

static void run_job(node_t *job) {
  if (job->kind == ELEMENT)
    model_run_element(job);
  else if (job->kind == WATCH)
    model_run_watch(job);
  else if (job->stage == JOINING)
    join(job);
  else if (job->stage == ADOPTING)
    run_adopting(job);
  else if (job->stage == CLEANING)
    run_cleaning(job);
  else if (job->stage == CLEANED)
    model_settle(job, job->at_hand);
  else if (job->kind == UNTIL)
    model_run_until(job);
  else if (job->kind == FINALLY)
    run_finally(job);
  else
    run_handler(job);
}

void model_drain(void) {
  while (model.queue.first != NULL)
    run_job(model_take_first(&model.queue));
}

static bool has_references(const node_t *node) {
  return node->held || node->extra + node->consumers + node->deferreds > 0;
}

static void count_one(const node_t *node, avow_stats_t *out) {
  if (node->kind == ELEMENT || node->kind == WATCH) {
    out->live += node->upstream != NULL;
    out->pending += node->upstream != NULL;
  } else if (model_is_pending(node)) {
    const bool there = node->stage != UNBORN && !node->merged;
    out->live += there;
    out->pending += there;
  } else {
    out->live += has_references(node);
  }
}

void model_stats(avow_stats_t *out) {
  *out = (avow_stats_t){ .live = 0 };
  for (size_t i = 0; i < model.n; i++)
    count_one(&model.nodes[i], out);
  for (const node_t *job = model.queue.first; job != NULL; job = job->next)
    out->queued++;
}
