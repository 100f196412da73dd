/* SPDX-License-Identifier: MIT */
/*
 * The part of promises that all of avow uses. Their struct is in block.h, which
 * only the engine and a few other files include.
 */
#ifndef AVOW_PROMISE_PRIVATE_H
#define AVOW_PROMISE_PRIVATE_H

#include "avow/promise.h"
#include "base/misuse.h"
#include "engine/check_thread.h"
#include "engine/context.h"
#include "engine/tick.h"
#include "value/value.h"

/* Reports that `what` is NULL. Returns the substitute for a NULL promise,
   channel or tool: rejected with AVOW_EMISUSE, bound to no loop. */
#if !AVOW__DEBUG
#  define avow__refuse_null_in(what, called) avow__refuse_null_as(what)
#endif
#define avow__refuse_null(what) avow__refuse_null_in(what, AVOW__CALLED)
avow_promise_t *avow__refuse_null_in(const char *what, const char *called);

/* p, or the substitute if p is NULL. */
#define avow__given(p, what) avow__given_in(p, what, AVOW__CALLED)
static inline avow_promise_t *avow__given_in(const void *p, const char *what,
                                             const char *called) {
  return AVOW__LIKELY(p != NULL) ? avow__mutable(p)
                                 : avow__refuse_null_in(what, called);
}

/* avow_promise_new() with the context of the loop. */
avow_promise_t *avow__promise_new(avow__context_t *c, avow_deferred_t **out);

/* A promise that outlasts cancellation: it calls on_cancel with data, and stays
   pending until its deferred settles it. NULL in *out without memory. */
avow_promise_t *avow__promise_new_outlasting(avow__context_t *c,
                                             void (*on_cancel)(void *data),
                                             void *data, avow_deferred_t **out);

/* Fills in u.deferred of a pending deferred's promise, unless that was done. */
avow_promise_t *avow__detail(avow_promise_t *p);

/* Allows values to hold promises from now on. */
void avow__promises_begin(void);

/* A block for a promise that must not be lost. Without memory, it comes from
   the reserve. NULL if the reserve is used up, or if the loop runs no more
   handlers. */
void *avow__block_surely(avow__context_t *c);

/* The promise of a deferred that must not be lost. Without memory, it comes
   from the reserve. If the reserve is used up, or if the loop runs no more
   handlers, this returns avow__no_promise(). */
avow_promise_t *avow__promise_new_surely(avow__context_t *c,
                                         avow_deferred_t **out);

/* The rejection that replaces a promise that could not be made. */
avow_promise_t *avow__no_promise(avow__context_t *c);

/* The rejection of a call on a channel or a tool whose loop is closed. NULL if
   the loop is not closed. */
avow_promise_t *avow__refuse_closed(const void *block);

/* Whether p has settled. Unlike avow_state(), the caller need not hold p. */
bool avow__has_settled(const avow_promise_t *p);

/* Marks p as held by an object value, so that a leak report names the value. */
void avow__mark_in_value(avow_promise_t *p);

/* Releases a promise whose rejection needs no handler. */
void avow__unref_handled(avow_promise_t *p);

/* From now on the deferred's promise outlasts cancellation: only the holders of
   the deferred settle it. */
void avow__outlast_cancel(avow_deferred_t *d);

/* Makes avow_loop_close() wait for the deferred's promise, which is pending. */
void avow__delay_close(avow_deferred_t *d);

/* A promise that is rejected with an avow__error_of(). */
avow_promise_t *avow__refuse(uv_loop_t *loop, int code, const char *name,
                             const char *object);

/* v if it is an error. Otherwise an error AVOW_EREASON with the cause v. */
avow_value_t avow__reason(avow_value_t v);

/* Whether p is marked with AVOW__CANCELED. */
bool avow__is_canceled(const avow_promise_t *p);

#endif
