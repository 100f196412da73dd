/* SPDX-License-Identifier: MIT */
/*
 * Local values: values that async functions need not pass as arguments.
 *
 * An example is the number of a request, which each line of a log contains.
 *
 * An async function begins with the values of the async function that started
 * it, if any. It can set values of its own.
 *
 *   static const avow_local_t request = { "request" };
 *
 *   static avow_value_t answer(void *number) {
 *     AVOW_TRY(avow_local_set(&request, avow_int(*(int *) number)));
 *     return avow_await(avow_async(loop, look_up, NULL)); // has the value, too
 *   }
 *
 * A local value is available in the async function and in all functions that it
 * calls, also after an await. It is not available in functions that avow calls,
 * such as handlers, steps of stackless functions, and functions of avow_map().
 * These have `data` instead. It is not available on another thread or another
 * loop either. An async function that is started from such a place begins with
 * no values: pass them in its `data`, and set them in the function.
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
 * Async functions that the function starts from now on have the value, too.
 * Those that are already running keep their values. avow releases the value
 * when the last function that has it ends.
 *
 * @returns NONE; if `v` is an error, `v` itself, and nothing is set
 * @error   AVOW_ENOTASYNC if the caller cannot await, because it is not in an
 *          async function
 * @error   AVOW_EMISUSE if `v` is a promise that avow_follow() wrapped
 * @error   UV_ENOMEM if there is no memory for the value
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_local_set(const avow_local_t *key,
                                                   avow_value_t v);

/**
 * Gets the value of `key` in this async function; never returns NULL.
 *
 * @returns the value; NONE if there is none, or if the caller is not in an
 *          async function. Valid until the function calls avow_local_set(),
 *          with any key.
 */
AVOW_API const avow_value_t *avow_local_get(const avow_local_t *key);

AVOW_HEADER_END

#endif

#endif
