/* SPDX-License-Identifier: MIT */
/* Shields: what cancelling does not get past. */
#ifndef AVOW_SHIELD_H
#define AVOW_SHIELD_H

#include "engine/context.h"

/* Marks what shields of a loop that closes wait for. */
void avow__shields_mark(avow__context_t *c);

#endif
