/* SPDX-License-Identifier: MIT */
/*
 * Caches: results that a function computes once, and that all callers share. A
 * cache has a result for each key. A once has one result.
 *
 * A run is one call of the function, until the promise that it returned has
 * settled. Callers that request a result during a run share this run. The
 * result is kept; a failure is not kept.
 */
#ifndef AVOW_CACHE_H
#define AVOW_CACHE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** A cache of values by key, with one owner. */
typedef struct avow_cache_s avow_cache_t;

/** Options of a cache; 0 in a field is its default. */
typedef struct avow_cache_options_s {
  /* Time to live in ms from the arrival of the value, by the loop's clock.
     0: no value is kept, and callers only share runs. */
  uint64_t ttl;
  /* Largest number of values. The oldest value is dropped first. 0: no
     limit. */
  size_t most;
  uint64_t reserved[4]; /* must be 0; for later versions */
} avow_cache_options_t;

/**
 * Creates a cache of the values that `fn` computes for a key.
 *
 * The argument of `fn` is the key. `free_fn` and `options` may be NULL. When
 * the cache is released and no run is left, avow calls `free_fn` once with
 * `data`. If the cache cannot be created, the call itself calls `free_fn`. The
 * result is never NULL.
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
 * The cache keeps the value for `ttl`. A failure rejects the promises of all
 * callers that wait, and is not kept. If `fn` itself waits for avow_cache_get()
 * with its own key, neither settles.
 *
 * @settles as the value that is kept, or as the value or promise that `fn`
 *          returned
 * @rejects UV_EINVAL if `key` is neither an INT nor BYTES
 * @rejects with `key` if it is an error
 * @cancel  Does not affect other callers. If no other caller waits, the run is
 *          canceled. A call that arrives before the run has settled waits for
 *          the run. If the run rejects, that call waits for a new run.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_cache_get(const avow_cache_t *c,
                                                      avow_value_t key);

/**
 * Replaces the value of `key` with a new one from `fn`.
 *
 * If a run for `key` has begun, the call shares it. Otherwise `fn` is called
 * from a job. Until the new value arrives, avow_cache_get() fulfills with the
 * old value. If the run fails, the old value stays until it expires. The caller
 * may release the promise at once; the run continues.
 *
 * @settles as the value or promise that `fn` returned
 * @rejects UV_EINVAL if `key` is neither an INT nor BYTES
 * @rejects with `key` if it is an error
 * @cancel  Does not affect other callers. If no other caller waits, the run is
 *          canceled. A call that arrives before the run has settled waits for
 *          the run. If the run rejects, that call waits for a new run.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_cache_refresh(const avow_cache_t *c,
                                                          avow_value_t key);

/**
 * Drops the value of `key`.
 *
 * A run that has begun continues for its callers, but its value is not kept.
 * The next avow_cache_get() begins another run.
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

/** The value of a function that is called once; a once has one owner. */
typedef struct avow_once_s avow_once_t;

/**
 * Creates a once of `fn`, which avow_once_get() calls.
 *
 * `free_fn` may be NULL. When the once is released and no run is left, avow
 * calls `free_fn` once with `data`. If the once cannot be created, the call
 * itself calls `free_fn`. The result is never NULL.
 *
 * @returns the once; its operations reject with UV_EINVAL if `fn` is NULL
 */
AVOW_API AVOW_MUST_USE avow_once_t *avow_once_new(uv_loop_t *loop, avow_fn fn,
                                                  void *data,
                                                  void (*free_fn)(void *data));

/**
 * Gets the value of `fn`, and calls `fn` if there is no value yet.
 *
 * `fn` is called from a job, once for all callers that wait. The once keeps the
 * value for all later calls. A failure rejects the promises of all callers that
 * wait, and the next call calls `fn` again. If `fn` itself waits for
 * avow_once_get() of this once, neither settles.
 *
 * @settles as the value that is kept, or as the value or promise that `fn`
 *          returned
 * @cancel  Does not affect other callers. If no other caller waits, the run is
 *          canceled. A call that arrives before the run has settled waits for
 *          the run. If the run rejects, that call waits for a new run.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_once_get(const avow_once_t *o);

/** Releases `o`, which may be NULL; promises that are pending still settle. */
AVOW_API void avow_once_unref(avow_once_t *o);

AVOW_HEADER_END

#endif
