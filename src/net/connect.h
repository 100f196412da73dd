/* Connecting to whichever address answers first. */
#ifndef AVOW_CONNECT_H
#define AVOW_CONNECT_H

#include "engine/promise.h"

/* Tries the addresses, the next after so many ms. Takes owner, which keeps the
   list alive. */
avow_promise_t *avow__connect_any(uv_loop_t *loop, const struct addrinfo *list,
                                  avow_value_t owner, uint64_t delay);

#endif
