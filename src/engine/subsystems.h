/* SPDX-License-Identifier: MIT */
/* All that keeps something for a loop: files of the engine and layers above. */
#ifndef AVOW_SUBSYSTEMS_H
#define AVOW_SUBSYSTEMS_H

#include "engine/layer.h"

/* All parts: what their members of that name do. */
void avow__parts_close(avow__context_t *c);
void avow__parts_free(avow__context_t *c);
void avow__parts_figures(avow__context_t *c, avow_stats_t *out);
void avow__parts_check(avow__context_t *c);

#endif
