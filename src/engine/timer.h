/* SPDX-License-Identifier: MIT */
/* Sleeps and time limits, as parts of other promises. */
#ifndef AVOW_TIMER_PRIVATE_H
#define AVOW_TIMER_PRIVATE_H

#include "engine/context.h"

/* A sleep that rejects as an avow_timeout() does, and a promise that has
   rejected like that already. */
avow_promise_t *avow__time_limit(avow__context_t *c, uint64_t from,
                                 uint64_t ms);
avow_promise_t *avow__time_is_up(avow__context_t *c);

/* avow__cancel_reason() for the error that ended a wait. The reason of time
   limits is made once in each loop. */
avow_value_t avow__limit_reason(const avow__context_t *c,
                                const avow_value_t *given);

/* Whether sleeps keep the loop alive. */
bool avow__sleeps_are_pending(const avow__context_t *c);

#endif
