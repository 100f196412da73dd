/* SPDX-License-Identifier: MIT */
/* The model of promises that wait for several others: combinators and until. */
#include "memory.h"
#include "model.h"

static void drop_element(node_t *element, nodes_t *condemned) {
  node_t *input = element->upstream;
  const bool pending = model_is_pending(input);
  model_remove(pending ? &input->waiters : &model.queue, element);
  if (condemned != NULL && pending && !model_is_shared(input)) {
    model_append(condemned, element);
    return;
  }
  (void) model_take_upstream(element); /* ignores the outcome */
}

void model_drop_elements(node_t *gather, nodes_t *condemned) {
  for (size_t i = 0; i < gather->n; i++) {
    node_t *element = gather->elements[i];
    gather->elements[i] = NULL;
    if (element != NULL)
      drop_element(element, condemned);
  }
}

static void settle_gather(node_t *gather, outcome_t outcome) {
  model_drop_elements(gather, gather->cancels_losers ? &model.condemned : NULL);
  model_settle(gather, outcome);
  model_cancel_condemned();
}

static void count_down(node_t *gather) {
  if (--gather->remaining > 0 || gather->gather_kind == AVOW_RACE)
    return;
  const uint64_t list = digest_list(gather->items, gather->n);
  if (gather->gather_kind == AVOW_ANY)
    settle_gather(gather,
                  (outcome_t){ AVOW_REJECTED,
                               digest_error(AVOW_EAGGREGATE, list), false });
  else
    settle_gather(gather, fulfilled(list));
}

static void collect(node_t *gather, size_t index, uint64_t digest) {
  gather->items[index] = digest;
  count_down(gather);
}

static bool decides(const node_t *gather, size_t index, outcome_t outcome) {
  switch (gather->gather_kind) {
  case AVOW_ALL:
    return outcome.state == AVOW_REJECTED;
  case AVOW_ALL_SETTLED:
    return false;
  case AVOW_ANY:
    return outcome.state == AVOW_FULFILLED;
  default:
    return true;
  }
}

void model_run_element(node_t *element) {
  node_t *gather = element->gather;
  const size_t index = element->index;
  const outcome_t outcome = model_take_upstream(element);
  gather->elements[index] = NULL;
  if (decides(gather, index, outcome))
    settle_gather(gather, outcome);
  else
    collect(gather, index, outcome.digest);
}

/* A fulfilled input whose job would directly follow a job of its gather shares
   that job. */
static bool take_input(node_t *gather, const node_t *input) {
  const node_t *last = model.queue.last;
  if (input->outcome.state != AVOW_FULFILLED ||
      gather->gather_kind > AVOW_ALL_SETTLED || model.queue.first == NULL ||
      last->kind != ELEMENT || last->gather != gather)
    return false;
  gather->elements[gather->n] = NULL;
  gather->items[gather->n++] = input->outcome.digest;
  return true;
}

static void add_input(node_t *gather, node_t *input) {
  if (take_input(gather, input))
    return;
  node_t *element = model_node(ELEMENT);
  element->gather = gather;
  element->index = gather->n;
  gather->elements[gather->n++] = element;
  gather->remaining++;
  model_subscribe(element, input);
}

void model_gather(node_t *gather, int kind, node_t *const inputs[], size_t n) {
  gather->gather_kind = kind;
  gather->remaining = 1;
  for (size_t i = 0; i < n; i++)
    add_input(gather, inputs[i]);
  count_down(gather);
}

/* Until. */

void model_until(node_t *node, node_t *input, node_t *stop) {
  node_t *watch = node->watch = model_node(WATCH);
  watch->gather = node;
  model_subscribe(node, input);
  if (model_is_pending(stop)) {
    model_subscribe(watch, stop);
    return;
  }
  watch->upstream = stop;
  stop->consumers++;
  model_run_watch(watch);
}

void model_drop_watch(node_t *node) {
  if (node->watch == NULL)
    return;
  drop_element(node->watch, &model.condemned);
  node->watch = NULL;
  model_cancel_condemned();
}

void model_run_until(node_t *node) {
  const outcome_t outcome = model_take_upstream(node);
  model_settle(node, node->stage == STOPPED ? node->at_hand : outcome);
  model_drop_watch(node);
}

/* The source promise continues if it has other waiters. */
static void leave(node_t *node, outcome_t reason) {
  model_remove(&node->upstream->waiters, node);
  (void) model_take_upstream(node); /* it is pending */
  model_settle(node, reason);
}

void model_run_watch(node_t *watch) {
  node_t *node = watch->gather;
  outcome_t reason = model_take_upstream(watch);
  node->watch = NULL;
  if (!model_is_pending(node->upstream))
    return;
  if (reason.state == AVOW_FULFILLED)
    reason = rejected(UV_ECANCELED);
  if (model_is_shared(node->upstream)) {
    leave(node, reason);
    return;
  }
  node->stage = STOPPED;
  node->at_hand = reason;
  model_cancel_for(node->upstream, model_reason(reason));
}
