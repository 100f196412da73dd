/* SPDX-License-Identifier: MIT */
/*
 * One running call for all callers that wait for it. The call is the only
 * child. A call without callers is abandoned and canceled. Its end is awaited
 * even so, and therefore two calls never run at once. Memos and caches begin
 * with this struct.
 */
#ifndef AVOW_SINGLE_FLIGHT_H
#define AVOW_SINGLE_FLIGHT_H

#include "engine/child.h"
#include "tools/waiters.h"

typedef struct avow__flight_s avow__flight_t;

typedef struct avow__flight_class_s {
  avow__parent_class_t parent; /* whose report is avow__flight_report() */
  /* Calls the program's function. */
  avow_value_t (*run)(avow__flight_t *flight);
  /* Called when the call has ended, before its callers get the outcome. */
  void (*landed)(avow__flight_t *flight, const avow_value_t *outcome);
} avow__flight_class_t;

struct avow__flight_s {
  avow__parent_t parent;
  avow__callers_t callers;
  bool abandoned;
};

void avow__flight_report(avow__parent_t *parent, uint32_t index,
                         avow_value_t outcome);

/* Allocates `size` zeroed bytes with one reference. Returns NULL if out of
   memory. */
void *avow__flight_new(uv_loop_t *loop, const avow__flight_class_t *klass,
                       size_t size);

/* Waits for the running call, or starts one. */
avow_promise_t *avow__flight_join(avow__flight_t *flight);

#endif
