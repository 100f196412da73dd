/*
 * What settles a gather. Its elements stand in their places in the list of its
 * outcomes. Where there is none, in a race or behind what has decided, they are
 * in a list of their own, by their siblings; and any may be moved there.
 */
#ifndef AVOW_GATHER_H
#define AVOW_GATHER_H

#include "engine/engine.h"

/* The tag of a place with an element: no value has it. */
enum { AVOW__WAITING = INT32_MAX };

static inline avow_value_t avow__place_of(avow_promise_t *element) {
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

/* Moves all elements to the list, for who has to walk through them. */
avow__link_t *avow__list_elements(avow_promise_t *gather);

/* Whether inputs may still be added. */
static inline bool avow__is_open(const avow_promise_t *gather) {
  return (gather->marks & (AVOW__STEERED | AVOW__ENDED)) == AVOW__STEERED;
}

/* Settles it, and lets go of the inputs that are still waiting. */
void avow__gather_settle(avow_promise_t *gather, avow_value_t v);

/* One input less to wait for, or the end of adding. */
void avow__gather_count_down(avow_promise_t *gather);

#endif
