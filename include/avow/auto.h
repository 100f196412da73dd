/* SPDX-License-Identifier: MIT */
/*
 * Values, promises, channels, gathers and groups that are let go of by
 * themselves where the block ends that declares them, whichever way it is left:
 * by its end, return, goto or break, or by AVOW_TRY(). Whatever else is to be
 * done there AVOW_AUTO_CALL() does. What was declared last goes first. An
 * extension that gcc and clang have; not part of avow.h.
 *
 *   static avow_value_t first_line(avow_reader_t *reader) {
 *     AVOW_AUTO_VALUE line = avow_none();
 *     AVOW_TRY(avow_await_bytes(avow_reader_line(reader, 4096), &line));
 *     AVOW_TRY(avow_await_done(greet(&line)));
 *     return avow_steal(&line);
 *   }
 *
 * Each is to be initialised, as with avow_none() or NULL. What takes such a
 * variable is given avow_steal(&v) or avow_promise_steal(&p), and what is
 * returned likewise: taken without, it would be let go of twice. What an await
 * writes there comes in place of what was there, which is not let go of: in a
 * loop, declare the variable inside, or clear it first. A permit of a
 * limiter is a value. An async function that is cancelled, or whose loop is
 * closed, returns as any other does, and lets go; only one that awaits on and
 * on while its loop closes never gets there. A longjmp() lets go of nothing.
 *
 * A gather or a group is ended as it is let go of, so that its promise settles,
 * and what was added goes on: to stop that, avow_cancel() the promise before
 * the block is left. Whose children use its variables has to await that promise
 * on each way out.
 */
#ifndef AVOW_AUTO_H
#define AVOW_AUTO_H

#include "avow/channel.h"
#include "avow/combine.h"
#include "avow/map.h"
#include "avow/promise.h"
#include "avow/value.h"

#ifndef __GNUC__
#  error "avow/auto.h needs gcc or clang: let go of things by hand elsewhere"
#endif

AVOW_HEADER_BEGIN

/** What AVOW_AUTO_CALL() remembers until its block ends. */
typedef struct avow_cleanup_s {
  void (*fn)(void *data);
  void *data;
} avow_cleanup_t;

/* What AVOW_AUTO_CALL() has called. */
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
 * AVOW_AUTO_CALL(free, buffer); has fn called with data where the block ends.
 * data may be of that block: it is still there. fn may await, in a function
 * that was canceled, too: what must wait whatever else comes is an
 * avow_shield(). What the function returns has been worked out by then.
 */
#define AVOW_AUTO_CALL(fn, data)                                          \
  __attribute__((cleanup(avow_cleanup_run), unused)) const avow_cleanup_t \
  AVOW_CLEANUP_NAME_(__COUNTER__) = { (fn), (data) }

/** AVOW_AUTO_VALUE v = avow_none(); ends in avow_value_clear(&v). */
#define AVOW_AUTO_VALUE __attribute__((cleanup(avow_value_clear))) avow_value_t

/** AVOW_AUTO_PROMISE p = NULL; ends in avow_promise_clear(&p). */
#define AVOW_AUTO_PROMISE \
  __attribute__((cleanup(avow_promise_clear))) avow_promise_t *

/** AVOW_AUTO_CHANNEL c = NULL; ends in avow_channel_clear(&c). */
#define AVOW_AUTO_CHANNEL \
  __attribute__((cleanup(avow_channel_clear))) avow_channel_t *

/** AVOW_AUTO_GATHER g = NULL; ends in avow_gather_unref(g). */
#define AVOW_AUTO_GATHER \
  __attribute__((cleanup(avow_gather_clear))) avow_gather_t *

/** AVOW_AUTO_GROUP g = NULL; ends in avow_group_unref(g). */
#define AVOW_AUTO_GROUP \
  __attribute__((cleanup(avow_group_clear))) avow_group_t *

#endif
