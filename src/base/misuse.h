/* SPDX-License-Identifier: MIT */
/* Reports misuse to the program. */
#ifndef AVOW_MISUSE_H
#define AVOW_MISUSE_H

#include <stdbool.h>

#include "avow/config.h"
#include "base/compiler.h"

/* Checked builds print what to do instead and abort. Release builds continue,
   and the caller returns an error. */
void avow__misuse(const char *format, ...) AVOW_PRINTF(1, 2);

/* Checked builds print the message and continue. Release builds print nothing.
 */
void avow__advise(const char *format, ...) AVOW_PRINTF(1, 2);

/* Reports that a required argument is NULL. */
void avow__misuse_of_null(const char *what);

/* Reports the use of an object that its only owner has released. `what` is
   "group" or another object with its own avow_…_unref(). */
void avow__misuse_of_gone(const char *what);

#ifdef NDEBUG
#  define AVOW__DEBUG 0
#else
#  define AVOW__DEBUG 1
#endif

/* Whether a block was recently freed, or released by its only owner. Checked
   builds record the address, because other code may use the memory. They remove
   it when a new block is made there. */
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
