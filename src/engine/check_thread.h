/* SPDX-License-Identifier: MIT */
/* Debug builds: whose thread a loop is, and whether its handles are there. */
#ifndef AVOW_CHECK_THREAD_H
#define AVOW_CHECK_THREAD_H

#include "base/misuse.h"
#include "engine/context.h"

void avow__check_thread_init(avow__context_t *c);

/* Is this the loop's thread? */
#if AVOW__DEBUG
void avow__check_thread(avow__context_t *c);
#else
#  define avow__check_thread(c) ((void) (c))
#endif

/* Debug builds: something is asked in vain of handles that the program closed,
   or of a loop that has none left. Once each loop hears what to do. */
#ifndef NDEBUG
void avow__check_handles(avow__context_t *c);
void avow__check_reuse(avow__context_t *c);
#else
#  define avow__check_handles(c) ((void) (c))
#  define avow__check_reuse(c)   ((void) (c))
#endif

#endif
