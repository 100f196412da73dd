/* SPDX-License-Identifier: MIT */
/* Checked builds: checks that the program still owns what it passes. */
#ifndef AVOW_CHECK_OWNERSHIP_H
#define AVOW_CHECK_OWNERSHIP_H

#include "avow/promise.h"
#include "base/misuse.h"
#include "base/symbol.h"

#if AVOW__DEBUG
/* The text " in PLACE" for the call that freed a promise or channel, or "". */
const char *avow__freed_in(const avow_promise_t *p);
/* Checks a promise that a function takes: p was neither released nor taken. */
#  define avow__check_taken(p) avow__check_taken_in(p, __func__)
void avow__check_taken_in(const avow_promise_t *p, const char *called);
/* Checks a promise that a function borrows. It may also be RUNNING, because an
   async function may borrow its own promise. */
#  define avow__check_borrowed(p) avow__check_borrowed_in(p, __func__)
void avow__check_borrowed_in(const avow_promise_t *p, const char *called);
/* Checks that d was not taken yet by a function that settles its promise. */
#  define avow__check_deferred(d) avow__check_deferred_in(d, __func__)
void avow__check_deferred_in(const avow_deferred_t *d, const char *called);
#else
#  define avow__check_taken(p)            ((void) (p))
#  define avow__check_taken_in(p, called) ((void) (p), (void) (called))
#  define avow__check_borrowed(p)         ((void) (p))
#  define avow__check_deferred(d)         ((void) (d))
#endif

#endif
