/* SPDX-License-Identifier: MIT */
/* Reports the references that are left after a loop was closed. */
#ifndef AVOW_LEAK_REPORT_H
#define AVOW_LEAK_REPORT_H

#include "base/misuse.h"
#include "engine/context.h"

/* Checked builds print it on stderr. */
#if AVOW__DEBUG
void avow__tell_of_held(avow__context_t *c);
#else
#  define avow__tell_of_held(c) ((void) (c))
#endif

#endif
