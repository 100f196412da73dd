/* SPDX-License-Identifier: MIT */
/*
 * What settles a gather. Its elements stand in their places in the list of its
 * outcomes. Where there is none, in a race or behind what has decided, they are
 * in a list of their own, by their siblings; and any may be moved there.
 */
#ifndef AVOW_GATHER_H
#define AVOW_GATHER_H

#include "engine/settle.h"

/* The tag of a place with an element: no value has it. */
enum { AVOW__WAITING = INT32_MAX };

static inline avow_value_t avow__element_place(avow_promise_t *element) {
  avow_value_t place = avow_none();
  place.tag = AVOW__WAITING;
  place.u.p = element;
  return place;
}

/* The element at a place; NULL if that has an outcome, or none will come. */
static inline avow_promise_t *avow__element_at(const avow_value_t *place) {
  return place->tag == AVOW__WAITING ? place->u.p : NULL;
}

static inline void avow__list_element(avow_promise_t *gather,
                                      avow_promise_t *element) {
  avow__list_append(&gather->elements, &element->siblings);
}

/* What gets the outcome of each input of an OBSERVED gather, which keeps none.
   Its functions may call avow__gather_forget(). */
struct avow__observer_s {
  uint32_t added; /* inputs so far */
  void (*report)(avow__observer_t *observer, uint32_t index,
                 avow_value_t outcome);
  /* The last call: `end` is NONE, or why no more outcomes come. */
  void (*done)(avow__observer_t *observer, avow_value_t end);
};

static inline bool avow__is_observed(const avow_promise_t *gather) {
  return gather->u.gather.kind == AVOW__OBSERVED;
}

/* The list of outcomes of one that is pending; NULL if there is none yet, or
   none at all. */
static inline avow__list_t *avow__outcomes_of(const avow_promise_t *gather) {
  return gather->kind == AVOW__GATHER && !avow__is_observed(gather)
             ? gather->u.gather.list
             : NULL;
}

/* Unlinks an element, or a sentry, that need not hear of its input any more,
   and lets go of both. Where condemned is not NULL and nobody else wants the
   input, the element becomes an UNWANTED in that list instead: the input should
   be cancelled. */
void avow__element_drop(avow_promise_t *element, avow__link_t **condemned);

/* The job of an element: reports its input. */
void avow__element_run(avow_promise_t *element);

/* What canceling does to a gather that has not settled. */
void avow__gather_cancel(avow_promise_t *gather, avow_promise_t *start);

/* Ends an OBSERVED gather for its observer, which is not called again. Cancels
   the inputs and releases the gather. */
void avow__gather_forget(avow_promise_t *gather);

/* Moves all elements to the list, for who has to walk through them. */
avow__link_t *avow__list_elements(avow_promise_t *gather);

/* Whether inputs may still be added. */
static inline bool avow__is_open(const avow_promise_t *gather) {
  return (gather->flags & (AVOW__GATHER_STEERED | AVOW__GATHER_ENDED)) ==
         AVOW__GATHER_STEERED;
}

/* Settles it, and lets go of the inputs that are still waiting. */
void avow__gather_settle(avow_promise_t *gather, avow_value_t v);

/* Settles one that waits for its losers, which go on without it. */
void avow__gather_abandon_losers(avow_promise_t *gather);

/* One input less to wait for, or the end of adding. */
void avow__gather_count_down(avow_promise_t *gather);

#endif
