/* SPDX-License-Identifier: MIT */
/*
 * Settling a gather. Its elements stand in their places in the list of
 * outcomes. If there is no such list, in a race or after the outcome is known,
 * elements are in a list of their own, linked by their siblings. Any element
 * may be moved there.
 */
#ifndef AVOW_GATHER_H
#define AVOW_GATHER_H

#include "engine/settle.h"

/* The tag of a place with an element. No value has this tag. */
enum { AVOW__WAITING = INT32_MAX };

static inline avow_value_t avow__element_place(avow_promise_t *element) {
  avow_value_t place = avow_none();
  place.tag = AVOW__WAITING;
  place.u.p = element;
  return place;
}

/* The element at a place; NULL if no element is there. */
static inline avow_promise_t *avow__element_at(const avow_value_t *place) {
  return place->tag == AVOW__WAITING ? place->u.p : NULL;
}

static inline void avow__list_element(avow_promise_t *gather,
                                      avow_promise_t *element) {
  avow__list_append(&gather->elements, &element->siblings);
}

/* The receiver of the outcomes of an OBSERVED gather, which keeps none itself.
   Its functions may call avow__gather_forget(). */
struct avow__observer_s {
  uint32_t added; /* the number of inputs so far */
  void (*report)(avow__observer_t *observer, uint32_t index,
                 avow_value_t outcome);
  /* The last call. `end` is NONE, or the error because of which no more
     outcomes come. */
  void (*done)(avow__observer_t *observer, avow_value_t end);
};

static inline bool avow__is_observed(const avow_promise_t *gather) {
  return gather->u.gather.kind == AVOW__OBSERVED;
}

/* The list of outcomes of a pending gather; NULL if it has none, or none
   yet. */
static inline avow__list_t *avow__outcomes_of(const avow_promise_t *gather) {
  return gather->kind == AVOW__GATHER && !avow__is_observed(gather)
             ? gather->u.gather.list
             : NULL;
}

/* Unlinks an element or a stopper, and releases it and its input. The element
   reports no more. If `to_cancel` is not NULL and the pending input has no
   other references, the element instead becomes an UNWANTED in that list, to
   cancel its input. */
void avow__element_drop(avow_promise_t *element, avow__link_t **to_cancel);

/* The job of an element: reports its input. */
void avow__element_run(avow_promise_t *element);

/* Cancels a gather that has not settled. */
void avow__gather_cancel(avow_promise_t *gather, avow_promise_t *start);

/* Ends an OBSERVED gather for its observer, which is not called again. Cancels
   the inputs and releases the gather. */
void avow__gather_forget(avow_promise_t *gather);

/* Moves all elements to the list, so that the caller can walk through it. */
avow__link_t *avow__list_elements(avow_promise_t *gather);

/* Whether inputs may still be added. */
static inline bool avow__is_open(const avow_promise_t *gather) {
  return (gather->flags & (AVOW__GATHER_STEERED | AVOW__GATHER_ENDED)) ==
         AVOW__GATHER_STEERED;
}

/* Settles the gather, and releases the inputs that have not reported. */
void avow__gather_settle(avow_promise_t *gather, avow_value_t v);

/* Settles a gather that waits for its losers, which go on without it. */
void avow__gather_abandon_losers(avow_promise_t *gather);

/* Counts an input that has reported, or the end of adding inputs. */
void avow__gather_count_down(avow_promise_t *gather);

#endif
