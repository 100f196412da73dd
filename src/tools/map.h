/* SPDX-License-Identifier: MIT */
/* Maps: what avow_map() and avow_each() ask of their options. */
#ifndef AVOW_MAP_PRIVATE_H
#define AVOW_MAP_PRIVATE_H

#include "avow/map.h"
#include "base/options_check.h"
#include "value/value.h"

/* 0, or why they are refused. */
static inline int avow__map_options_check(const avow_map_options_t *options) {
  if (options != NULL && options->kind > AVOW_ALL_SETTLED)
    return UV_EINVAL;
  return AVOW__RESERVED(options);
}

/* The list without what was left out of it, in the same order. */
static inline void avow__map_close_ranks(avow__list_t *list) {
  size_t n = 0;
  for (size_t i = 0; i < list->len; i++)
    if (!avow__is_skip(&list->items[i]))
      list->items[n++] = list->items[i];
  list->len = n;
}

#endif
