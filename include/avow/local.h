/* SPDX-License-Identifier: MIT */
/*
 * Local values of async functions, which need not be passed as arguments.
 *
 * An example is the number of a request, for each line of a log.
 *
 * An async function has the values that it set itself. For other keys it has
 * the values that the async function which started it had at that moment.
 *
 *   static const avow_local_t request = { "request" };
 *
 *   static avow_value_t answer(void *number) {
 *     AVOW_TRY(avow_local_set(&request, avow_int(*(int *) number)));
 *     return avow_await(avow_async(loop, look_up, NULL)); // and what it calls
 *   }
 *
 * A local value is available wherever the function may await: across its awaits
 * and in all functions that it calls. It is not available in functions that
 * avow calls back: handlers, steps of stackless functions and functions of
 * tools. These have `data` instead. It is not available on another thread or
 * another loop either. An async function that is started from such places
 * begins with no values: pass them to it, and set them there.
 *
 * Builds with -Dasync=disabled do not have these functions.
 */
#ifndef AVOW_LOCAL_H
#define AVOW_LOCAL_H

#include "avow/async.h"

#ifndef AVOW_NO_ASYNC

AVOW_HEADER_BEGIN

/** A key of local values: the address of a static object of this type. */
typedef struct avow_local_s {
  const char *name; /* in dumps; NULL: dumps leave the value out */
} avow_local_t;

/**
 * Sets the value of `key` for the rest of this async function.
 *
 * Async functions that it starts from now on have the value, too. Those that
 * are running keep the values that they have. The value is released when the
 * last function that has it ends.
 *
 * @returns NONE; if `v` is an error, `v` itself, and nothing is set
 * @error   AVOW_ENOTASYNC outside of places where an async function can await
 * @error   AVOW_EMISUSE if `v` is a promise that avow_follow() wrapped
 * @error   UV_ENOMEM if there is no memory for the value
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_local_set(const avow_local_t *key,
                                                   avow_value_t v);

/**
 * Gets the value of `key` in this async function; never returns NULL.
 *
 * The function keeps the value until it sets another one for `key`.
 *
 * @returns the value; NONE if there is none, or outside of async functions.
 *          Valid until the function calls avow_local_set(), with any key.
 */
AVOW_API const avow_value_t *avow_local_get(const avow_local_t *key);

AVOW_HEADER_END

#endif

#endif
