/* SPDX-License-Identifier: MIT */
/* Checked builds: checks that the program still owns what it passes. */
#ifndef AVOW_CHECK_OWNERSHIP_H
#define AVOW_CHECK_OWNERSHIP_H

#include "avow/promise.h"
#include "base/misuse.h"

#if AVOW__DEBUG
/* Checks a promise that a function takes: p is alive and was not taken
   before. */
void avow__check_taken(const avow_promise_t *p);
/* Checks a promise that a function borrows. It may also be RUNNING, because an
   async function may borrow its own promise. */
void avow__check_borrowed(const avow_promise_t *p);
/* Checks that no function has taken d yet. */
void avow__check_deferred(const avow_deferred_t *d);
/* Checks that the caller may hold a reference to p. */
void avow__check_unref(const avow_promise_t *p);
#else
#  define avow__check_taken(p)    ((void) (p))
#  define avow__check_borrowed(p) ((void) (p))
#  define avow__check_deferred(d) ((void) (d))
#  define avow__check_unref(p)    ((void) (p))
#endif

#endif
