/* SPDX-License-Identifier: MIT */
#include "engine/subsystems.h"

enum { ALL = AVOW__PARTS + AVOW__LAYERS };

/* The engine's in their order, then the layers from the highest down. */
static const avow__part_t *nth_part(const avow__context_t *c, int i) {
  static const avow__part_t none = { .close = NULL };
  const avow__part_t *part =
      i < AVOW__PARTS ? c->parts[i] : avow__layer_part(c, ALL - 1 - i);
  return part != NULL ? part : &none;
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

void avow__parts_figures(avow__context_t *c, avow_stats_t *out) {
  for (int i = 0; i < ALL; i++)
    if (nth_part(c, i)->figures != NULL)
      nth_part(c, i)->figures(c, out);
}

#ifdef AVOW_CHECK

void avow__parts_check(avow__context_t *c) {
  for (int i = 0; i < ALL; i++)
    if (nth_part(c, i)->check != NULL)
      nth_part(c, i)->check(c);
}

#endif
