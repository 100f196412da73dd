/* SPDX-License-Identifier: MIT */
/* What is still held of a loop that was closed. */
#ifndef AVOW_LEAK_REPORT_H
#define AVOW_LEAK_REPORT_H

#include "base/misuse.h"
#include "engine/context.h"

/* Debug builds say on stderr what it is. */
#if AVOW__DEBUG
void avow__tell_of_held(avow__context_t *c);
#else
#  define avow__tell_of_held(c) ((void) (c))
#endif

#endif
