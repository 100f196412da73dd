/* SPDX-License-Identifier: MIT */
/* One running call for all callers that wait for it. */
#include "flow/single_flight.h"

#include "base/container.h"
#include "engine/chain.h"

static const avow__flight_class_t *class_of(const avow__flight_t *flight) {
  return (const avow__flight_class_t *) flight->parent.klass;
}

static avow_value_t flight_run(const avow_value_t *arg, void *data) {
  avow__flight_t *flight = data;
  return class_of(flight)->run(flight);
}

static void flight_begin(avow__flight_t *flight) {
  uv_loop_t *loop = flight->parent.context->loop;
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  p = avow__then_begin(p, flight_run, flight);
  avow__child_add(&flight->parent, avow_follow(p), 0);
}

static void flight_land(avow__flight_t *flight, const avow_value_t *outcome) {
  class_of(flight)->landed(flight, outcome);
  avow__callers_answer(&flight->callers, outcome);
}

void avow__flight_report(avow__parent_t *parent, uint32_t index,
                         avow_value_t outcome) {
  avow__flight_t *flight = (avow__flight_t *) parent;
  const bool was_abandoned = flight->abandoned;
  flight->abandoned = false;
  if (was_abandoned && avow_is_error(&outcome) && flight->callers.first != NULL)
    flight_begin(flight);
  else
    flight_land(flight, &outcome);
  avow__value_unref(outcome);
}

static void flight_left(avow__callers_t *callers) {
  avow__flight_t *flight = AVOW__CONTAINER(avow__flight_t, callers, callers);
  if (callers->first != NULL)
    return;
  flight->abandoned = true;
  avow__children_cancel(&flight->parent);
}

void *avow__flight_new(uv_loop_t *loop, const avow__flight_class_t *klass,
                       size_t size) {
  avow__flight_t *flight = avow__parent_alloc(loop, &klass->parent, size);
  if (flight == NULL)
    return NULL;
  flight->callers.left = flight_left;
  return flight;
}

avow_promise_t *avow__flight_join(avow__flight_t *flight) {
  uv_loop_t *loop = flight->parent.context->loop;
  avow__caller_t *caller;
  avow_promise_t *p = avow__callers_add(&flight->callers, loop, &caller);
  if (caller != NULL && flight->parent.running == 0)
    flight_begin(flight);
  return p;
}
