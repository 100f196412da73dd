/* SPDX-License-Identifier: MIT */
/* Debug builds: is what the program hands over still its own? */
#ifndef AVOW_CHECK_OWNERSHIP_H
#define AVOW_CHECK_OWNERSHIP_H

#include "avow/promise.h"
#include "base/misuse.h"

#if AVOW__DEBUG
/* Is p alive and not taken yet? */
void avow__check_taken(const avow_promise_t *p);
/* Likewise for a call that only looks: what runs knows its own promise. */
void avow__check_borrowed(const avow_promise_t *p);
/* May d still be settled, or is it somebody's who did that already? */
void avow__check_deferred(const avow_deferred_t *d);
/* Has who lets go of p a reference to let go of? */
void avow__check_last(const avow_promise_t *p);
#else
#  define avow__check_taken(p)    ((void) (p))
#  define avow__check_borrowed(p) ((void) (p))
#  define avow__check_deferred(d) ((void) (d))
#  define avow__check_last(p)     ((void) (p))
#endif

#endif
