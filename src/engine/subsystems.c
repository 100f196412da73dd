/* SPDX-License-Identifier: MIT */
#include "engine/subsystems.h"

enum { ALL_SUBSYSTEMS = AVOW__SUBSYSTEMS + AVOW__EXTENSIONS };

/* The subsystems of the engine come first, then the extensions, from the
   highest number down. */
static const avow__subsystem_t *nth_subsystem(const avow__context_t *c, int i) {
  static const avow__subsystem_t none = { .close = NULL };
  const avow__subsystem_t *subsystem =
      i < AVOW__SUBSYSTEMS
          ? c->subsystems[i]
          : avow__extension_subsystem(c, ALL_SUBSYSTEMS - 1 - i);
  return subsystem != NULL ? subsystem : &none;
}

void avow__subsystems_close(avow__context_t *c) {
  for (int i = 0; i < ALL_SUBSYSTEMS; i++)
    if (nth_subsystem(c, i)->close != NULL)
      nth_subsystem(c, i)->close(c);
}

void avow__subsystems_free(avow__context_t *c) {
  for (int i = 0; i < ALL_SUBSYSTEMS; i++)
    if (nth_subsystem(c, i)->free != NULL)
      nth_subsystem(c, i)->free(c);
}

void avow__subsystems_figures(avow__context_t *c, avow_stats_t *out) {
  for (int i = 0; i < ALL_SUBSYSTEMS; i++)
    if (nth_subsystem(c, i)->figures != NULL)
      nth_subsystem(c, i)->figures(c, out);
}

#ifdef AVOW_CHECK

void avow__subsystems_check(avow__context_t *c) {
  for (int i = 0; i < ALL_SUBSYSTEMS; i++)
    if (nth_subsystem(c, i)->check != NULL)
      nth_subsystem(c, i)->check(c);
}

#endif
