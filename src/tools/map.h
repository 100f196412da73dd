/* Maps: what avow_map() and avow_each() ask of their options. */
#ifndef AVOW_MAP_PRIVATE_H
#define AVOW_MAP_PRIVATE_H

#include "avow/map.h"
#include "base/reserved.h"

static inline bool avow__map_options_are_valid(
    const avow_map_options_t *options) {
  return options == NULL || (options->kind <= AVOW_ALL_SETTLED &&
                             AVOW__IS_ZERO(options->reserved));
}

#endif
