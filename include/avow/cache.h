/* SPDX-License-Identifier: MIT */
/*
 * What was asked for by a key, for a while.
 */
#ifndef AVOW_CACHE_H
#define AVOW_CACHE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** A cache, which has one owner. */
typedef struct avow_cache_s avow_cache_t;

/** Zero in a field stands for its default. */
typedef struct avow_cache_options_s {
  uint64_t ttl; /* ms of the loop's clock that a value is kept, from when
                           it came; none: whoever asks meanwhile shares a run */
  size_t most;  /* values are kept, and then the oldest go; no limit */
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_cache_options_t;

/**
 * A cache of what fn gives for a key, its argument. free_fn, unless NULL, frees
 * data when c has gone and no run is left that might use it. options may be
 * NULL. Never NULL: without memory, or without fn, what is asked of it rejects
 * with UV_ENOMEM or UV_EINVAL. In these cases this function calls free_fn
 * before it returns.
 */
AVOW_API AVOW_MUST_USE avow_cache_t *avow_cache_new(
    uv_loop_t *loop, avow_cb fn, void *data, void (*free_fn)(void *data),
    const avow_cache_options_t *options);

/**
 * What is kept for the key, an INT or BYTES. Else fn is called, from a job, and
 * once for all who ask meanwhile (single flight), and its value kept; a failure
 * goes to all who wait, and is not. Cancelling leaves the others alone; when
 * nobody waits any more the run is cancelled, and who asks while it unwinds has
 * the next. UV_EINVAL for keys of other types; an error as a key is the reason.
 * If fn waits for this function with the same key, neither settles.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_cache_get(const avow_cache_t *c,
                                                      avow_value_t key);

/**
 * The same, but what fn gives now: until then others get what is kept, and they
 * go on with that where it fails. Dropping the promise does not stop it.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_cache_refresh(const avow_cache_t *c,
                                                          avow_value_t key);

/**
 * Drops what is kept for the key. A run that is on goes on for those who wait,
 * and its value is not kept: the next to ask has another.
 */
AVOW_API void avow_cache_forget(const avow_cache_t *c, avow_value_t key);

/** How many values are kept. */
AVOW_API size_t avow_cache_kept(const avow_cache_t *c);

/** Lets go of c, which may be NULL. Who waits still gets an answer. */
AVOW_API void avow_cache_unref(avow_cache_t *c);

/*
 * Doing something once, for all who want it.
 */

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
