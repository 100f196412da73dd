/* SPDX-License-Identifier: MIT */
/* Connecting to whichever address answers first, and to names. */
#ifndef AVOW_CONNECT_H
#define AVOW_CONNECT_H

#include "engine/promise.h"

/* Tries the addresses, the next after so many ms. Takes owner, which keeps the
   list alive. */
avow_promise_t *avow__connect_any(uv_loop_t *loop, const struct addrinfo *list,
                                  avow_value_t owner, uint64_t delay);

/* What is wrong with a name of that length for a Unix domain socket or a
   Windows pipe, which must not be cut: UV_EINVAL, UV_ENAMETOOLONG, or 0. */
int avow__pipe_check_name(size_t len);

#endif
