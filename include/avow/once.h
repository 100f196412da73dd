/* SPDX-License-Identifier: MIT */
/*
 * Doing something once, for all who want it.
 */
#ifndef AVOW_ONCE_H
#define AVOW_ONCE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** Something that is done once, or not yet. It has one owner. */
typedef struct avow_once_s avow_once_t;

/**
 * Nothing is called yet. free_fn, unless NULL, frees data when o has gone and
 * no run is left that might use it. Never NULL: without memory, or without fn,
 * what is asked of it rejects with UV_ENOMEM or UV_EINVAL. In these cases this
 * function calls free_fn before it returns.
 */
AVOW_API AVOW_MUST_USE avow_once_t *avow_once_new(uv_loop_t *loop, avow_fn fn,
                                                  void *data,
                                                  void (*free_fn)(void *data));

/**
 * What fn returns or follows. The first to ask has it called, from a job;
 * others wait with him, and later ones get the value that was kept. A failure
 * goes to all who wait, and is not kept: the next to ask has fn called again.
 * Cancelling leaves the others alone; when nobody waits any more the run is
 * cancelled, and who asks while it unwinds has the next. If fn waits for this
 * function, neither settles.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_once_get(const avow_once_t *o);

/** Lets go of o, which may be NULL. Who waits still gets an answer. */
AVOW_API void avow_once_unref(avow_once_t *o);

AVOW_HEADER_END

#endif
