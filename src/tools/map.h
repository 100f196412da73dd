/* Maps: what avow_map() and avow_each() ask of their options. */
#ifndef AVOW_MAP_PRIVATE_H
#define AVOW_MAP_PRIVATE_H

#include "avow/map.h"
#include "base/reserved.h"

/* 0, or why they are refused. */
static inline int avow__map_options_check(const avow_map_options_t *options) {
  if (options != NULL && options->kind > AVOW_ALL_SETTLED)
    return UV_EINVAL;
  return AVOW__RESERVED(options);
}

#endif
