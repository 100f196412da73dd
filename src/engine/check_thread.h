/* SPDX-License-Identifier: MIT */
/* Checked builds: which thread runs a loop, and whether its handles are
   open. */
#ifndef AVOW_CHECK_THREAD_H
#define AVOW_CHECK_THREAD_H

#include "base/misuse.h"
#include "base/thread_id.h"
#include "engine/context.h"

void avow__check_thread_init(avow__context_t *c);

/* Reports a call on a thread other than the loop's. The function that runs a
   loop that is not running may be called on any thread, which becomes the
   loop's. */
#if AVOW__DEBUG
void avow__check_runner(avow__context_t *c, const char *called);
void avow__check_other_thread(const avow__context_t *c, const char *called);
#  define avow__check_thread(c) avow__check_thread_in(c, __func__)
static inline void avow__check_thread_in(const avow__context_t *c,
                                         const char *called) {
  if (AVOW__UNLIKELY(c->thread != avow__here()))
    avow__check_other_thread(c, called);
}
#else
#  define avow__check_runner(c, called)    ((void) (c))
#  define avow__check_thread(c)            ((void) (c))
#  define avow__check_thread_in(c, called) ((void) (c), (void) (called))
#endif

/* Checked builds: reports a call that needs avow's handles after the program
   has closed them, or after the loop has lost all of its handles. The report
   says what to do, and is printed once for each loop. */
#ifndef NDEBUG
void avow__check_handles(avow__context_t *c);
void avow__check_reuse(avow__context_t *c);
#else
#  define avow__check_handles(c) ((void) (c))
#  define avow__check_reuse(c)   ((void) (c))
#endif

#endif
