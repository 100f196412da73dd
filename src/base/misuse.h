/* SPDX-License-Identifier: MIT */
/* Telling the program about its mistakes. */
#ifndef AVOW_MISUSE_H
#define AVOW_MISUSE_H

#include <stdbool.h>

#include "avow/config.h"
#include "base/compiler.h"

/* Debug builds print what to do instead and abort; release builds go on, and
   the caller degrades to an error. */
void avow__misuse(const char *format, ...) AVOW_PRINTF(1, 2);

/* Debug builds print it and go on, as release builds do without a word. */
void avow__advise(const char *format, ...) AVOW_PRINTF(1, 2);

/* Says that what a function cannot do without is NULL. */
void avow__misuse_of_null(const char *what);

/* Says that its one owner let go of what is used: a "group", or what else has
   an avow_…_unref() of its own. */
void avow__misuse_of_gone(const char *what);

#ifdef NDEBUG
#  define AVOW__DEBUG 0
#else
#  define AVOW__DEBUG 1
#endif

/* Whether a block was freed of late, or let go of by its one owner: by its
   address, for its memory may be that of others. Debug builds note it, and when
   one is made there anew. */
#if AVOW__DEBUG
void avow__note_gone(const void *block);
void avow__note_there(const void *block);
bool avow__is_gone(const void *block);
#else
#  define avow__note_gone(block)  ((void) (block))
#  define avow__note_there(block) ((void) (block))
#  define avow__is_gone(block)    ((void) (block), false)
#endif

#endif
