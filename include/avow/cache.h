/* SPDX-License-Identifier: MIT */
/*
 * Caches: results that are computed once and shared. A cache has a result for
 * each key, a once has one result.
 *
 * Calls that ask for a result while it is computed share one run. The result is
 * kept; a failure is not kept.
 */
#ifndef AVOW_CACHE_H
#define AVOW_CACHE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** A cache of values by key, with one owner. */
typedef struct avow_cache_s avow_cache_t;

/** Options of a cache; 0 in a field is its default. */
typedef struct avow_cache_options_s {
  /* Time to live in ms, by the loop's clock and from when the value arrived.
     0: no value is kept; calls only share a run that has begun. */
  uint64_t ttl;
  size_t most; /* values at most, the oldest is dropped first; 0: no limit */
  uint64_t reserved[4]; /* must be 0; for later versions */
} avow_cache_options_t;

/**
 * Creates a cache of the values that `fn` gives for a key, its argument.
 *
 * `free_fn` may be NULL. Otherwise it is called once with `data`, when `c` is
 * released and no run that may use `data` is left. `options` may be NULL. Never
 * returns NULL. If the cache cannot be created, the call itself calls
 * `free_fn`.
 *
 * @returns the cache; its operations reject with UV_EINVAL if `fn` is NULL or a
 *          reserved field is not 0
 */
AVOW_API AVOW_MUST_USE avow_cache_t *avow_cache_new(
    uv_loop_t *loop, avow_cb fn, void *data, void (*free_fn)(void *data),
    const avow_cache_options_t *options);

/**
 * Gets the value of `key`, and calls `fn` if no value is kept.
 *
 * `fn` is called from a job, once for all callers that wait (single flight).
 * Its value is kept. Its failure rejects all callers that wait, and is not
 * kept. If `fn` waits for this function with its own key, neither settles.
 *
 * @settles as the value that is kept, or as what `fn` returned or followed
 * @rejects UV_EINVAL if `key` is neither an INT nor BYTES
 * @rejects with `key` if it is an error
 * @cancel  Does not affect other callers. When no caller waits, the run is
 *          canceled. Calls while it unwinds wait for another run if it rejects.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_cache_get(const avow_cache_t *c,
                                                      avow_value_t key);

/**
 * Replaces the value of `key` with a new one from `fn`.
 *
 * A run that has begun is shared; otherwise `fn` is called from a job. Until
 * the new value arrives, avow_cache_get() gives the value that is kept. If the
 * run fails, that value stays. Releasing the promise does not stop the run.
 *
 * @settles as what `fn` returned or followed
 * @rejects UV_EINVAL if `key` is neither an INT nor BYTES
 * @rejects with `key` if it is an error
 * @cancel  Does not affect other callers. When no caller waits, the run is
 *          canceled. Calls while it unwinds wait for another run if it rejects.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_cache_refresh(const avow_cache_t *c,
                                                          avow_value_t key);

/**
 * Drops the value of `key`.
 *
 * A run that has begun continues for its callers, but its value is not kept:
 * the next call of avow_cache_get() begins another run.
 */
AVOW_API void avow_cache_forget(const avow_cache_t *c, avow_value_t key);

/**
 * Counts the values that `c` keeps.
 *
 * @returns the number of values whose time to live is not over
 */
AVOW_API size_t avow_cache_kept(const avow_cache_t *c);

/** Releases `c`, which may be NULL; promises that are pending still settle. */
AVOW_API void avow_cache_unref(avow_cache_t *c);

/** A function that is called once, with its value; it has one owner. */
typedef struct avow_once_s avow_once_t;

/**
 * Creates a once of `fn`, which avow_once_get() calls.
 *
 * `free_fn` may be NULL. Otherwise it is called once with `data`, when `o` is
 * released and no run that may use `data` is left. Never returns NULL. If the
 * once cannot be created, the call itself calls `free_fn`.
 *
 * @returns the once; its operations reject with UV_EINVAL if `fn` is NULL
 */
AVOW_API AVOW_MUST_USE avow_once_t *avow_once_new(uv_loop_t *loop, avow_fn fn,
                                                  void *data,
                                                  void (*free_fn)(void *data));

/**
 * Gets the value of `fn`, and calls `fn` if there is no value yet.
 *
 * `fn` is called from a job, once for all callers that wait. Its value is kept
 * for all later calls. Its failure rejects all callers that wait and is not
 * kept, so the next call calls `fn` again. If `fn` waits for this function,
 * neither settles.
 *
 * @settles as the value that is kept, or as what `fn` returned or followed
 * @cancel  Does not affect other callers. When no caller waits, the run is
 *          canceled. Calls while it unwinds wait for another run if it rejects.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_once_get(const avow_once_t *o);

/** Releases `o`, which may be NULL; promises that are pending still settle. */
AVOW_API void avow_once_unref(avow_once_t *o);

AVOW_HEADER_END

#endif
