/* SPDX-License-Identifier: MIT */
/* Calls the functions of all subsystems of a loop: extension.h. */
#ifndef AVOW_SUBSYSTEMS_H
#define AVOW_SUBSYSTEMS_H

#include "engine/extension.h"

/* Each function calls the member of its name, in the order in which subsystems
   close. */
void avow__subsystems_close(avow__context_t *c);
void avow__subsystems_free(avow__context_t *c);
void avow__subsystems_figures(avow__context_t *c, avow_stats_t *out);
void avow__subsystems_check(avow__context_t *c);

#endif
