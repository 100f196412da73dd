/* SPDX-License-Identifier: MIT */
/*
 * What all of avow knows of promises: that they are there. What they are made
 * of is the engine's, in engine.h.
 */
#ifndef AVOW_PROMISE_PRIVATE_H
#define AVOW_PROMISE_PRIVATE_H

#include "avow/promise.h"
#include "base/misuse.h"
#include "engine/check_thread.h"
#include "engine/context.h"
#include "engine/tick.h"
#include "value/value.h"

/* Stands in for a promise, a channel or a tool that is NULL: rejected with
   AVOW_EMISUSE, of nobody's loop. */
avow_promise_t *avow__nothing(const char *what);

static inline avow_promise_t *avow__given(const void *p, const char *what) {
  return AVOW__LIKELY(p != NULL) ? avow__mutable(p) : avow__nothing(what);
}

/* avow_promise_new() for who knows the loop's context. */
avow_promise_t *avow__promise_new(avow__context_t *c, avow_deferred_t **out);

/* The same of one that settles when its deferred says so, and no sooner because
   it was cancelled, which calls on_cancel with data. NULL in *out without
   memory. */
avow_promise_t *avow__promise_held(avow__context_t *c,
                                   void (*on_cancel)(void *data), void *data,
                                   avow_deferred_t **out);

/* A pending deferred's promise, with what u.deferred says filled in. */
avow_promise_t *avow__detail(avow_promise_t *p);

/* Values may hold promises from now on. */
void avow__promises_begin(void);

/* A block for what must not be lost: of the reserve if need be. NULL once that
   is used up, or the loop takes no more. */
void *avow__block_surely(avow__context_t *c);

/* A deferred's promise for what must not be lost: of the reserve if need be.
   One in place of it once that is used up, or the loop takes no more. */
avow_promise_t *avow__promise_new_surely(avow__context_t *c,
                                         avow_deferred_t **out);

/* What is returned in place of a promise that could not be made. */
avow_promise_t *avow__no_promise(avow__context_t *c);

/* What is asked of a channel or a tool that has outlived its loop gets this
   rejection. NULL while the loop is there. */
avow_promise_t *avow__outlived(const void *block);

/* avow_state() for who has given p away. */
bool avow__has_settled(const avow_promise_t *p);

/* The memory of an object's holds p: who holds p for ever holds that value. */
void avow__keep_inside(avow_promise_t *p);

/* Lets go of a promise whose rejection needs no handler. */
void avow__disregard(avow_promise_t *p);

/* The deferred's promise settles when its holders say so, and no sooner because
   it was cancelled. */
void avow__hold(avow_deferred_t *d);

/* The end of the loop waits for the deferred's promise, which is pending. */
void avow__await_to_the_end(avow_deferred_t *d);

/* A promise that is rejected with an avow__error_of(). */
avow_promise_t *avow__refuse(uv_loop_t *loop, int code, const char *name,
                             const char *object);

/* v itself, or what else a reason must be wrapped in. */
avow_value_t avow__reason(avow_value_t v);

/* Whether a cancellation is noted there. */
bool avow__is_canceled(const avow_promise_t *p);

#endif
