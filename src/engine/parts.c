/* SPDX-License-Identifier: MIT */
/*
 * The parts that each loop has.
 */
#include "engine/parts.h"

#include "base/check.h"

static const avow__part_t own[AVOW__PARTS] = {
  [AVOW__PART_TICK] = { avow__tick_close, avow__tick_free,
                        AVOW__CHECKED(avow__tick_check) },
  [AVOW__PART_DUMPERS] = { avow__dumpers_close, avow__dumpers_free, NULL },
  [AVOW__PART_LAG] = { avow__lag_close, NULL, NULL },
  [AVOW__PART_OWNER] = { avow__owner_close, NULL, NULL },
  [AVOW__PART_GUARD] = { avow__guard_close, NULL, NULL },
  [AVOW__PART_CLOCK] = { avow__clock_close, avow__clock_free,
                         AVOW__CHECKED(avow__clock_check) },
  [AVOW__PART_WHEEL] = { avow__wheel_close, avow__wheel_free,
                         AVOW__CHECKED(avow__wheel_check) },
  [AVOW__PART_PHASES] = { avow__phases_close, avow__phases_free,
                          AVOW__CHECKED(avow__phases_check) },
  [AVOW__PART_REMOTES] = { avow__remotes_close, NULL, NULL },
  [AVOW__PART_PORT] = { avow__port_close, avow__port_free, NULL },
  [AVOW__PART_STRAYS] = { NULL, avow__strays_free, NULL },
};

void avow__parts_begin(avow__context_t *c) {
  for (int i = 0; i < AVOW__PARTS; i++)
    if (own[i].close != NULL || own[i].free != NULL)
      c->parts[i] = &own[i];
}
