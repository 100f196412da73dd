/* SPDX-License-Identifier: MIT */
/* Combines several reasons into one error. */
#ifndef AVOW_AGGREGATE_ERROR_H
#define AVOW_AGGREGATE_ERROR_H

#include "value/value.h"

typedef struct avow__reasons_s {
  avow_value_t main; /* source of the code and message; NONE if there is no
                        reason */
  avow__list_t *all; /* all reasons in order of arrival; NULL while there is
                        one */
} avow__reasons_t;

/* Adds a reason and takes ownership of it. The first reason is the main one. If
   memory is short, the reason is missing from the list. */
void avow__reasons_add(avow__reasons_t *reasons, avow_value_t reason);

/* Returns the main reason and empties `reasons`. If there are several, the
   result's cause is the LIST of all. */
avow_value_t avow__reasons_take(avow__reasons_t *reasons);

#endif
