/* SPDX-License-Identifier: MIT */
/*
 * Values of an async function that need not be handed down: a request's number
 * for each line of a log, whom it is done for. One rule: a function has what it
 * has set itself, and for the rest what the async function that started it had
 * when it did.
 *
 *   static const avow_local_t request = { "request" };
 *
 *   static avow_value_t answer(void *number) {
 *     AVOW_TRY(avow_local_set(&request, avow_int(*(int *) number)));
 *     return avow_await(avow_async(loop, look_up, NULL)); // and what it calls
 *   }
 *
 * Such a value is there wherever the function may await, across its awaits and
 * in all that it calls. It is not there where avow calls back, in handlers,
 * steps without a stack and functions of tools: these have their data. Nor is
 * it on another thread, or another loop. Whom one of those starts begins with
 * none: take along what it is to have, and set it there.
 *
 * Builds with -Dasync=disabled do not have these functions.
 */
#ifndef AVOW_LOCAL_H
#define AVOW_LOCAL_H

#include "avow/async.h"

#ifndef AVOW_NO_ASYNC

AVOW_HEADER_BEGIN

/** A key: the address of one of these, which is static. */
typedef struct avow_local_s {
  const char *name; /* in dumps; NULL: not there */
} avow_local_t;

/**
 * Sets a value for the rest of this async function, and for those that it
 * starts from now on; those that run already keep what they have. Takes v, and
 * lets go of it when the last function that has it is over. Gives none; an
 * error that v is it gives back, and sets nothing. UV_ENOMEM; AVOW_ENOTASYNC
 * where no async function could await; AVOW_EMISUSE for avow_follow().
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_local_set(const avow_local_t *key,
                                                   avow_value_t v);

/**
 * The value, which this function keeps until it sets one; none where there is
 * no such value, or no async function. Never NULL. Valid until the function
 * calls avow_local_set(), with any key.
 */
AVOW_API const avow_value_t *avow_local_get(const avow_local_t *key);

AVOW_HEADER_END

#endif

#endif
