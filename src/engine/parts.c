/* SPDX-License-Identifier: MIT */
/* The parts of the engine, which each loop has, and the layers above it. */
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

enum { ALL = AVOW__PARTS + AVOW__LAYERS };

/* The engine's in their order, then the layers from the highest down. */
static const avow__part_t *nth_part(const avow__context_t *c, int i) {
  return i < AVOW__PARTS ? &own[i] : avow__layer_part(c, ALL - 1 - i);
}

void avow__parts_close(avow__context_t *c) {
  for (int i = 0; i < ALL; i++)
    if (nth_part(c, i)->close != NULL)
      nth_part(c, i)->close(c);
}

void avow__parts_free(avow__context_t *c) {
  for (int i = 0; i < ALL; i++)
    if (nth_part(c, i)->free != NULL)
      nth_part(c, i)->free(c);
}

#ifdef AVOW_CHECK

void avow__parts_check(avow__context_t *c) {
  for (int i = 0; i < ALL; i++)
    if (nth_part(c, i)->check != NULL)
      nth_part(c, i)->check(c);
}

#endif
