/* SPDX-License-Identifier: MIT */
/*
 * Variables that are released automatically at the end of their block.
 *
 * A variable is released however the block is left: at its end, by return, goto
 * or break, or by AVOW_TRY(). Variables are released in the reverse order of
 * their declarations. AVOW_AUTO_CALL() calls a given function at the end of its
 * block. The macros use an extension of gcc and clang. avow.h does not include
 * this header.
 *
 *   static avow_value_t first_line(avow_reader_t *reader) {
 *     AVOW_AUTO_VALUE line = avow_none();
 *     AVOW_TRY(avow_await_bytes(avow_reader_line(reader, 4096), &line));
 *     AVOW_TRY(avow_await_done(greet(&line)));
 *     return avow_steal(&line);
 *   }
 *
 * Initialize each variable, for example with avow_none() or NULL. To return a
 * variable, or to pass it to a function that takes ownership, write
 * avow_steal(&v) or avow_promise_steal(&p). Otherwise it is released twice.
 *
 * A function such as avow_await_value() overwrites its variable and does not
 * release the old content. So declare the variable inside the body of a loop,
 * or clear it before each call. A permit of limiter.h is a value, too: use
 * AVOW_AUTO_VALUE.
 *
 * A canceled async function returns and releases its variables, and so does one
 * whose loop closes. But a function that continues to await while its loop
 * closes never returns, so it releases nothing. A longjmp() releases nothing.
 *
 * The release of an avow_gather_t (combine.h) or an avow_group_t (map.h) also
 * ends it, so that its promise settles. The promises that were added continue.
 * To stop them, cancel the promise of the gather or group before the block
 * ends. If they use variables of the block, await that promise on each way out.
 */
#ifndef AVOW_AUTO_H
#define AVOW_AUTO_H

#include "avow/channel.h"
#include "avow/combine.h"
#include "avow/map.h"
#include "avow/promise.h"
#include "avow/value.h"

#ifndef __GNUC__
#  error "avow/auto.h needs gcc or clang; call the unref functions yourself"
#endif

AVOW_HEADER_BEGIN

/** The call that AVOW_AUTO_CALL() makes when its block ends. */
typedef struct avow_cleanup_s {
  void (*fn)(void *data); /* the function to call */
  void *data;             /* its argument */
} avow_cleanup_t;

/* Called by AVOW_AUTO_CALL(). */
AVOW_INLINE void avow_cleanup_run(const avow_cleanup_t *cleanup) {
  cleanup->fn(cleanup->data);
}

/* Called by AVOW_AUTO_GATHER. */
AVOW_INLINE void avow_gather_clear(avow_gather_t **g) {
  avow_gather_t *gather = *g;
  *g = NULL;
  avow_gather_unref(gather);
}

/* Called by AVOW_AUTO_GROUP. */
AVOW_INLINE void avow_group_clear(avow_group_t **g) {
  avow_group_t *group = *g;
  *g = NULL;
  avow_group_unref(group);
}

AVOW_HEADER_END

#define AVOW_CLEANUP_NAME_(at)  AVOW_CLEANUP_PASTE_(at)
#define AVOW_CLEANUP_PASTE_(at) avow_cleanup_##at##_

/**
 * Calls `fn` with `data` at the end of the block.
 *
 * Write AVOW_AUTO_CALL(free, buffer); among the declarations. `data` may point
 * to variables of the block, which are still valid then. A value that the block
 * returns has been computed by then. `fn` may await, even after a cancellation.
 * If that await must not be canceled, use avow_shield().
 */
#define AVOW_AUTO_CALL(fn, data)                                          \
  __attribute__((cleanup(avow_cleanup_run), unused)) const avow_cleanup_t \
  AVOW_CLEANUP_NAME_(__COUNTER__) = { (fn), (data) }

/**
 * A value that avow_value_clear() releases at the end of its block.
 *
 * Initialize it: AVOW_AUTO_VALUE v = avow_none();
 */
#define AVOW_AUTO_VALUE __attribute__((cleanup(avow_value_clear))) avow_value_t

/**
 * A promise that avow_promise_clear() releases at the end of its block.
 *
 * Initialize it: AVOW_AUTO_PROMISE p = NULL;
 */
#define AVOW_AUTO_PROMISE \
  __attribute__((cleanup(avow_promise_clear))) avow_promise_t *

/**
 * A channel that avow_channel_clear() releases at the end of its block.
 *
 * Initialize it: AVOW_AUTO_CHANNEL c = NULL;
 */
#define AVOW_AUTO_CHANNEL \
  __attribute__((cleanup(avow_channel_clear))) avow_channel_t *

/**
 * A gather that avow_gather_unref() releases at the end of its block.
 *
 * Initialize it: AVOW_AUTO_GATHER g = NULL;
 */
#define AVOW_AUTO_GATHER \
  __attribute__((cleanup(avow_gather_clear))) avow_gather_t *

/**
 * A group that avow_group_unref() releases at the end of its block.
 *
 * Initialize it: AVOW_AUTO_GROUP g = NULL;
 */
#define AVOW_AUTO_GROUP \
  __attribute__((cleanup(avow_group_clear))) avow_group_t *

#endif
