/* SPDX-License-Identifier: MIT */
/* Combines several reasons into one error. */
#include "value/aggregate_error.h"

static void append(avow__reasons_t *reasons, avow_value_t reason) {
  avow__list_t *list = reasons->all;
  if (list == NULL)
    list = avow__list_new(4);
  else if (list->len == list->room)
    list = avow__list_resize(list, list->room * 2);
  if (list == NULL) {
    avow__value_unref(reason);
    return;
  }
  reasons->all = list;
  list->items[list->len++] = reason;
}

void avow__reasons_add(avow__reasons_t *reasons, avow_value_t reason) {
  if (reasons->main.tag == AVOW_NONE) {
    reasons->main = reason;
    return;
  }
  if (reasons->all == NULL)
    append(reasons, avow_value_ref(&reasons->main));
  append(reasons, reason);
}

avow_value_t avow__reasons_take(avow__reasons_t *reasons) {
  const avow_value_t alone = reasons->main;
  avow__list_t *list = reasons->all;
  *reasons = (avow__reasons_t){ .main = avow_none() };
  if (list == NULL)
    return alone;
  const avow_value_t whole =
      avow_error_new(alone.code, avow__block_value(&list->head), "%s",
                     avow_error_message(&alone));
  const bool is_limit = avow_is_timeout(&alone);
  avow__value_unref(alone);
  return is_limit ? avow__error_of_limit(whole) : whole;
}
