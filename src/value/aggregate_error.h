/* SPDX-License-Identifier: MIT */
/* Several failures that end as one. */
#ifndef AVOW_AGGREGATE_ERROR_H
#define AVOW_AGGREGATE_ERROR_H

#include "value/value.h"

typedef struct avow__reasons_s {
  avow_value_t main; /* whose code and message the whole will have, or NONE */
  avow__list_t *all; /* in the order of their coming; NULL while there is one */
} avow__reasons_t;

/* Takes the reason. The first is the main one. Without memory it is missing
   from the list. */
void avow__reasons_add(avow__reasons_t *reasons, avow_value_t reason);

/* The main one, which also has the LIST of all as its cause if there are more.
   Leaves none. */
avow_value_t avow__reasons_take(avow__reasons_t *reasons);

#endif
