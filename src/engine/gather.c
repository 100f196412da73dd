/* SPDX-License-Identifier: MIT */
/*
 * How a gather settles. Its elements report to it, each from its job. Elements
 * that are still waiting when it settles are unlinked, each in constant time.
 */
#include "engine/gather.h"

#include "engine/cancel.h"
#include "engine/cancel_reason.h"

static inline void element_drop(avow_promise_t *element,
                                avow__link_t **to_cancel) {
  avow_promise_t *input = element->upstream;
  avow__withdraw(element);
  /* An input with other references is not canceled. */
  if (to_cancel != NULL && avow__is_pending(input) && !avow__is_shared(input)) {
    element->kind = AVOW__UNWANTED; /* its gather may be freed */
    avow__list_append(to_cancel, &element->link);
    return;
  }
  avow__pool_free(&avow__context(element)->pool, element);
  avow__unref(input);
}

void avow__element_drop(avow_promise_t *element, avow__link_t **to_cancel) {
  element_drop(element, to_cancel);
}

AVOW__APART avow__link_t *avow__list_elements(avow_promise_t *gather) {
  avow__list_t *list = avow__outcomes_of(gather);
  for (size_t i = 0; list != NULL && i < list->len; i++) {
    avow_promise_t *element = avow__element_at(&list->items[i]);
    if (element == NULL)
      continue;
    list->items[i] = avow_none();
    avow__list_element(gather, element);
  }
  return gather->elements;
}

/* Releases the inputs that have other references. */
static void leave_to_others(avow_promise_t *gather) {
  avow__link_t *elements = gather->elements;
  gather->elements = NULL;
  while (elements != NULL) {
    avow__link_t *first = elements;
    avow_promise_t *element = avow__from_sibling(first);
    avow__list_remove(&elements, first);
    if (avow__is_pending(element->upstream) &&
        avow__is_shared(element->upstream))
      avow__element_drop(element, NULL);
    else
      avow__list_append(&gather->elements, first);
  }
}

static void gather_finish(avow_promise_t *gather, avow_value_t v) {
  avow__settle(gather, v);
  avow__unref(gather);
}

/* Lists the gather, so that its losers are canceled. They report before it
   settles. */
static void wait_for_losers(avow_promise_t *gather, avow_value_t v,
                            avow__link_t **to_cancel) {
  assert(to_cancel != NULL);
  leave_to_others(gather);
  gather->kind = AVOW__GATHERED;
  gather->u.value = v;
  if (gather->elements == NULL)
    gather_finish(gather, v);
  else
    avow__list_append(to_cancel, &gather->link);
}

/* The observer is called before the inputs are released, because releasing them
   may release the observer. */
static void release_losers(avow_promise_t *gather, avow_value_t v,
                           avow__observer_t *observer,
                           avow__link_t **to_cancel) {
  avow__link_t *elements = gather->elements;
  gather->elements = NULL;
  avow__settle(gather, v);
  if (AVOW__UNLIKELY(observer != NULL))
    observer->done(observer, v);
  while (elements != NULL) {
    avow__link_t *first = elements;
    avow__list_remove(&elements, first);
    element_drop(avow__from_sibling(first), to_cancel);
  }
  avow__unref(gather);
}

static AVOW__APART void settle_observed(avow_promise_t *gather, avow_value_t v,
                                        avow__link_t **to_cancel) {
  avow__observer_t *observer = gather->u.gather.observer;
  assert(v.tag == AVOW_NONE || v.u.p == NULL); /* a plain code owns nothing */
  release_losers(gather, v, observer, to_cancel);
}

/* Settles the gather first, because freeing the outcomes may call the program,
   which may call avow again. A gather that waits for its losers joins the list
   `to_cancel` itself. */
static void settle_and_drop(avow_promise_t *gather, avow_value_t v,
                            avow__link_t **to_cancel) {
  if (AVOW__UNLIKELY(avow__is_observed(gather))) {
    settle_observed(gather, v, to_cancel);
    return;
  }
  (void) avow__list_elements(gather); /* the walks below need the list */
  avow__list_t *list = gather->u.gather.list;
  const bool joins = (gather->flags & AVOW__GATHER_JOINS) != 0;
  if (joins)
    wait_for_losers(gather, v, to_cancel);
  else
    release_losers(gather, v, NULL, to_cancel);
  if (list != NULL)
    avow__value_unref(avow__block_value(&list->head));
}

void avow__gather_settle(avow_promise_t *gather, avow_value_t v) {
  avow__context_t *c = avow__context(gather);
  const unsigned wants = AVOW__GATHER_CANCELS | AVOW__GATHER_JOINS;
  const bool cancels = (gather->flags & wants) != 0;
  settle_and_drop(gather, v, cancels ? &c->cancel.to_cancel : NULL);
  if (cancels)
    avow__cancel_listed(c);
}

void avow__gather_abandon_losers(avow_promise_t *gather) {
  assert(gather->kind == AVOW__GATHERED && avow__is_pending(gather));
  release_losers(gather, gather->u.value, NULL, NULL);
}

void avow__gather_forget(avow_promise_t *gather) {
  if (avow__is_gather(gather)) {
    gather->u.gather.observer = NULL;
    avow__gather_settle(gather, avow_error(UV_ECANCELED));
  }
  avow__unref(gather);
}

void avow__gather_cancel(avow_promise_t *gather, avow_promise_t *start) {
  avow__context_t *c = avow__context(gather);
  settle_and_drop(gather, avow__canceled(c), &c->cancel.to_cancel);
}

static bool is_canceled(const avow_value_t *v) {
  return v->code == UV_ECANCELED || avow__error_is_of_cancel(v);
}

/* The error for avow_any(). It counts as a cancellation if all reasons do. */
static avow_value_t aggregate(const avow_value_t *reasons) {
  const avow__list_t *list = reasons->u.p;
  bool canceled = list->len > 0;
  for (uint32_t i = 0; i < list->len && canceled; i++)
    canceled = is_canceled(&list->items[i]);
  const avow_value_t v =
      avow_error_new(AVOW_EAGGREGATE, avow_value_ref(reasons), NULL);
  return canceled ? avow__error_of_cancel(v) : v;
}

static void settle_with_all(avow_promise_t *gather, avow_value_t list) {
  if (gather->u.gather.kind != AVOW_ANY) {
    avow__gather_settle(gather, list);
    return;
  }
  avow__gather_settle(gather, aggregate(&list));
  avow__value_unref(list); /* last, because it may call the program */
}

/* Settles a gather whose inputs have all reported. */
static void complete(avow_promise_t *gather) {
  if (avow__is_observed(gather)) {
    avow__gather_settle(gather, avow_none());
    return;
  }
  avow__list_t *list = gather->u.gather.list;
  gather->u.gather.list = NULL;
  if (list == NULL)
    list = avow__list_new(0);
  if (list != NULL)
    settle_with_all(gather, avow__block_value(&list->head));
  else
    avow__gather_settle(gather, avow_error(UV_ENOMEM));
}

void avow__gather_count_down(avow_promise_t *gather) {
  if (--gather->u.gather.remaining == 0 && gather->u.gather.kind != AVOW_RACE)
    complete(gather);
}

/* Whether an outcome with this state settles a gather of this kind. */
static bool decides(avow_gather_kind_t kind, avow_state_t state) {
  return kind == AVOW_RACE ||
         kind == (state == AVOW_REJECTED ? AVOW_ALL : AVOW_ANY);
}

/* A loser has reported to a gather that waits for its losers. */
static void loser_reported(avow_promise_t *gather, avow_value_t v) {
  if (gather->elements == NULL)
    gather_finish(gather, gather->u.value);
  avow__value_unref(v); /* last, because it may call the program */
}

/* Holds the gather, because the observer may call avow__gather_forget(). */
static void report_to_observer(avow_promise_t *gather, uint32_t index,
                               avow_value_t v) {
  avow__observer_t *observer = gather->u.gather.observer;
  gather->refs++;
  observer->report(observer, index, v);
  if (avow__is_gather(gather))
    avow__gather_count_down(gather);
  avow__unref(gather);
}

static AVOW__APART void report_last(avow_promise_t *gather, uint32_t index,
                                    avow_value_t v) {
  if (gather->kind != AVOW__GATHER)
    loser_reported(gather, v);
  else if (avow__is_observed(gather))
    report_to_observer(gather, index, v);
  else
    avow__gather_settle(gather, v);
}

static bool is_listed(const avow_promise_t *element) {
  return element->siblings.next != NULL;
}

static AVOW__APART void report_fully(avow_promise_t *element) {
  avow_promise_t *gather = element->u.element.gather;
  avow_promise_t *from = element->upstream;
  const uint32_t index = element->u.element.index;
  if (is_listed(element))
    avow__list_remove(&gather->elements, &element->siblings);
  else
    gather->u.gather.list->items[index] = avow_none();
  avow__pool_free(&avow__context(gather)->pool, element);
  if (AVOW__UNLIKELY(gather->kind != AVOW__GATHER ||
                     avow__is_observed(gather) ||
                     decides(gather->u.gather.kind, avow__state(from)))) {
    report_last(gather, index, avow__take_outcome(from));
    return;
  }
  gather->u.gather.list->items[index] = avow__take_outcome(from);
  avow__gather_count_down(gather);
}

/* The fast path: it adds an outcome to a list that stays incomplete. That takes
   a few stores, and no stack frame. */
void avow__element_run(avow_promise_t *element) {
  avow_promise_t *gather = element->u.element.gather;
  avow_promise_t *from = element->upstream;
  if (AVOW__UNLIKELY(is_listed(element) || gather->u.gather.remaining == 1 ||
                     decides(gather->u.gather.kind, avow__state(from)) ||
                     from->refs != 1)) {
    report_fully(element);
    return;
  }
  gather->u.gather.list->items[element->u.element.index] = from->u.value;
  gather->u.gather.remaining--;
  avow__pool_free_both(&avow__context(element)->pool, from, element);
}
