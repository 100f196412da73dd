/* SPDX-License-Identifier: MIT */
/* Random bytes. */
#ifndef AVOW_RANDOM_H
#define AVOW_RANDOM_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * BYTES: len random ones, fit for keys (uv_random). UV_E2BIG past 2^31 - 1.
 * Cancelling takes it off the queue, or drops them.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_random(uv_loop_t *loop, size_t len);

AVOW_HEADER_END

#endif
