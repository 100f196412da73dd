/* SPDX-License-Identifier: MIT */
/* Sleeps and limits of time, for those that make them of other things. */
#ifndef AVOW_TIMER_PRIVATE_H
#define AVOW_TIMER_PRIVATE_H

#include "engine/context.h"

/* A sleep that ends in the rejection of an avow_timeout(), and one that has. */
avow_promise_t *avow__time_limit(avow__context_t *c, uint64_t from,
                                 uint64_t ms);
avow_promise_t *avow__time_is_up(avow__context_t *c);

/* avow__cancel_reason() for what ended a wait: a limit's is made once for all
   of a loop. */
avow_value_t avow__limit_reason(const avow__context_t *c,
                                const avow_value_t *given);

/* Whether sleeps keep the loop alive. */
bool avow__sleeps_are_pending(const avow__context_t *c);

#endif
