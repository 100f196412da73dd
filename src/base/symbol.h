/* SPDX-License-Identifier: MIT */
/* Text for places in a program, in checked builds and in trace builds. */
#ifndef AVOW_SYMBOL_H
#define AVOW_SYMBOL_H

#include <stddef.h>

#include "base/misuse.h"

#if AVOW__DEBUG || defined(AVOW_TRACE)
/* The text of a place: "function+0x1f (addr2line -fpe program 0x12a0)", with
   "??" for the function if no symbol covers the place. Systems without dladdr()
   have only the address. Valid until the next call on this thread. NULL if
   `place` is NULL. */
const char *avow__symbol_text(const void *place);
#else
#  define avow__symbol_text(place) ((void) (place), (const char *) NULL)
#endif

#if AVOW__DEBUG
enum { AVOW__PLACE_TEXT = 600 };

/* Writes the text of a place to `out`; nothing if `place` is NULL. Returns
   `out`. */
const char *avow__text_of_place(char out[AVOW__PLACE_TEXT], const char *before,
                                const void *place, const char *after);

/* The place of the release that runs. */
const void *avow__release_site(void);

/* The place at which the program called a public function, while that function
   releases a reference. */
extern AVOW__HIDDEN _Thread_local const void *avow__site;
#  define avow__site_begin() ((void) (avow__site = AVOW__RETURNS_TO))
#  define avow__site_end()   ((void) (avow__site = NULL))
#else
#  define avow__site_begin() ((void) 0)
#  define avow__site_end()   ((void) 0)
#endif

#endif
