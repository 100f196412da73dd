/* SPDX-License-Identifier: MIT */
/* Connecting to the first address that answers, and to names. */
#ifndef AVOW_HAPPY_EYEBALLS_H
#define AVOW_HAPPY_EYEBALLS_H

#include "engine/promise.h"

/* Tries the addresses and starts the next attempt after `delay` ms. Takes
   ownership of `owner`, which keeps the list alive. */
avow_promise_t *avow__connect_any(uv_loop_t *loop, const struct addrinfo *list,
                                  avow_value_t owner, uint64_t delay);

#endif
