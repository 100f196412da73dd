/* SPDX-License-Identifier: MIT */
/* Rejections that nobody has handled, and the program's hooks for these. */
#ifndef AVOW_UNHANDLED_H
#define AVOW_UNHANDLED_H

#include "engine/context.h"

/* The program's hooks for rejections that nobody subscribed to yet. */
void avow__track_reject(avow_promise_t *p);
void avow__track_handle(avow_promise_t *p);

/* Around each call of the program's hooks: they are called in the middle of
   something, like destroy functions. */
avow__fiber_t *avow__hook_enter(avow__context_t *c);
void avow__hook_leave(avow__context_t *c, avow__fiber_t *fiber);

/* p goes, or its loop closes while the program holds it: reports a rejection
   that nobody has handled. */
void avow__report_unhandled(avow_promise_t *p);

#endif
