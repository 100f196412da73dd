/* SPDX-License-Identifier: MIT */
/* The private interface of sleeps and timeouts. */
#ifndef AVOW_TIMER_PRIVATE_H
#define AVOW_TIMER_PRIVATE_H

#include "engine/context.h"

/* A timer that rejects with the error of avow_timeout() `ms` milliseconds after
   `from`, and a promise that is already rejected with such an error. */
avow_promise_t *avow__time_limit(avow__context_t *c, uint64_t from,
                                 uint64_t ms);
avow_promise_t *avow__time_is_up(avow__context_t *c);

/* avow__cancel_reason() for the error `given`. For the error of timeouts,
   returns a reason that the loop has made in advance. */
avow_value_t avow__limit_reason(const avow__context_t *c,
                                const avow_value_t *given);

/* Whether sleeps keep the loop alive. */
bool avow__sleeps_are_pending(const avow__context_t *c);

#endif
