/* SPDX-License-Identifier: MIT */
/* Rejections without a handler, and the program's hooks that report them. */
#ifndef AVOW_UNHANDLED_H
#define AVOW_UNHANDLED_H

#include "engine/context.h"

/* Call the hooks that track rejections without a handler. */
void avow__track_reject(avow_promise_t *p);
void avow__track_handle(avow_promise_t *p);

/* Begin and end each call of a hook. A hook is called in the middle of other
   work, as destroy functions are. */
avow__fiber_t *avow__hook_enter(avow__context_t *c);
void avow__hook_leave(avow__context_t *c, avow__fiber_t *fiber);

/* Reports the rejection of p if it had no handler. p will be freed, or its loop
   closes while the program holds p. */
void avow__report_unhandled(avow_promise_t *p);

#endif
