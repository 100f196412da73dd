/* SPDX-License-Identifier: MIT */
/* Checked builds: reports while avow_loop_close() runs, and of avow_run(). */
#ifndef AVOW_CLOSE_REPORT_H
#define AVOW_CLOSE_REPORT_H

#include "base/misuse.h"
#include "engine/context.h"

#if AVOW__DEBUG
/* Names the promises of a cycle, once for each loop. */
void avow__report_cycle(avow__context_t *c);

/* Names settled promises that hold each other by their values. */
void avow__tell_of_value_cycle(avow__context_t *c);

/* From here on, reports what the close waits for if that takes long. */
void avow__close_guard_begin(avow__context_t *c);

/* Names the promises for which the pending p waits although nothing runs. */
void avow__report_idle(avow_promise_t *p);
#else
#  define avow__report_cycle(c)        ((void) (c))
#  define avow__tell_of_value_cycle(c) ((void) (c))
#  define avow__close_guard_begin(c)   ((void) (c))
#  define avow__report_idle(p)         ((void) (p))
#endif

#endif
