/* SPDX-License-Identifier: MIT */
/* Shields, which a cancellation does not pass. */
#ifndef AVOW_SHIELD_H
#define AVOW_SHIELD_H

#include "engine/context.h"

/* Marks the promises that the shields of a closing loop wait for. */
void avow__shields_mark(avow__context_t *c);

#endif
