/* SPDX-License-Identifier: MIT */
/*
 * One run for all who wait for it: its only child. A run that nobody waits for
 * is abandoned, and cancelled; it is still waited for, so that there are never
 * two. Memos and caches begin with one.
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
  /* Called when that has ended, before those who wait hear of it. */
  void (*landed)(avow__flight_t *flight, const avow_value_t *outcome);
} avow__flight_class_t;

struct avow__flight_s {
  avow__parent_t parent;
  avow__callers_t callers;
  bool abandoned;
};

void avow__flight_report(avow__parent_t *parent, uint32_t index,
                         avow_value_t outcome);

/* One of size zeroed bytes, with one reference. NULL without memory. */
void *avow__flight_new(uv_loop_t *loop, const avow__flight_class_t *klass,
                       size_t size);

/* Waits for the run that is on, or the next. */
avow_promise_t *avow__flight_join(avow__flight_t *flight);

#endif
