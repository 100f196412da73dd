/* SPDX-License-Identifier: MIT */
/* Reports misuse to the program. */
#ifndef AVOW_MISUSE_H
#define AVOW_MISUSE_H

#include <stdbool.h>
#include <stddef.h>

#include "avow/config.h"
#include "base/compiler.h"

#ifdef NDEBUG
#  define AVOW__DEBUG 0
#else
#  define AVOW__DEBUG 1
#endif

/* Checked builds keep freed values and promises in quarantine. Without the
   pool, tools that watch memory do so. With AVOW_NO_QUARANTINE, memory is used
   again at once, as in releases, so that tests of that can have checks. */
#if AVOW__DEBUG && !defined(AVOW_NO_POOL) && !defined(AVOW_NO_QUARANTINE)
#  define AVOW__QUARANTINE
#endif

enum { AVOW__MISUSE_SIZE = 1024 }; /* a longer message is cut */

/* Reports misuse as "FUNCTION(): PROBLEM; REMEDY", or without FUNCTION() where
   no call is at fault. Checked builds print it and abort. Release builds
   continue, and the caller returns an error. */
void avow__misuse(const char *format, ...) AVOW_PRINTF(1, 2);

/* Checked builds print the message and continue. Release builds print nothing.
 */
void avow__advise(const char *format, ...) AVOW_PRINTF(1, 2);

/* The name of the function that contains it: the function that the program
   called, if it is public. Helpers take this name as their last parameter,
   called. A parameter is simpler than a thread-local variable, which every
   public function would have to set and to restore. Release builds have no
   names: macros remove the last parameter, also from definitions. */
#if AVOW__DEBUG
#  define AVOW__CALLED __func__
/* Reports misuse by the caller of the function with that name. The format is
   "PROBLEM; REMEDY". */
void avow__misuse_in(const char *called, const char *format, ...)
    AVOW_PRINTF(2, 3);
void avow__advise_in(const char *called, const char *format, ...)
    AVOW_PRINTF(2, 3);
#else
#  define AVOW__CALLED                 NULL
#  define avow__misuse_in(called, ...) avow__misuse(__VA_ARGS__)
#  define avow__advise_in(called, ...) avow__advise(__VA_ARGS__)
#endif

/* Reports that a required argument is NULL. `what` is "promise" or another word
   that the program uses for it. */
#define avow__misuse_of_null(what) avow__misuse_of_null_in(what, AVOW__CALLED)
#if !AVOW__DEBUG
#  define avow__misuse_of_null_in(what, called) avow__misuse_of_null_as(what)
#endif
void avow__misuse_of_null_in(const char *what, const char *called);

/* Checked builds: reports an argument that is NULL. For public functions that
   leave the check to a helper that does not know their name. */
#if AVOW__DEBUG
#  define avow__check_given(p, what) \
    ((p) != NULL ? (void) 0 : avow__misuse_of_null(what))
#else
#  define avow__check_given(p, what) ((void) (p))
#endif

/* Whether a block was freed recently, or released by its only owner. Checked
   builds record the address, because the memory may be in use again. They
   remove it when they allocate a block there. avow__note_released() also
   records the place of the release that runs. */
#if AVOW__DEBUG
void avow__note_gone(const void *block);
void avow__note_released(const void *block);
void avow__note_there(const void *block);
bool avow__is_gone(const void *block);
/* Reports the use of a block that avow_<what>_unref() has freed. */
void avow__misuse_of_gone_in(const void *block, const char *what,
                             const char *called);
#else
#  define avow__note_gone(block)                       ((void) (block))
#  define avow__note_released(block)                   ((void) (block))
#  define avow__note_there(block)                      ((void) (block))
#  define avow__is_gone(block)                         ((void) (block), false)
#  define avow__misuse_of_gone_in(block, what, called) ((void) (what))
#endif

#endif
