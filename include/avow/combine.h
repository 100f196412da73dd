/* SPDX-License-Identifier: MIT */
/*
 * Combinators, which combine several promises into one.
 *
 * A combinator takes several promises, its inputs, and returns the combined
 * promise. It takes ownership of the promises in its array, but not of the
 * array. An input that is still pending when the outcome is certain is a loser.
 * Losers are not canceled, and their rejections count as handled.
 * avow_cancel_losers() cancels them. avow_join_losers() also waits for them:
 * call it if losers use memory that the program frees afterwards.
 */
#ifndef AVOW_COMBINE_H
#define AVOW_COMBINE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * Combines promises into one that fulfills when all inputs fulfill.
 *
 * @settles LIST of the values, in input order; empty if `n` is 0
 * @rejects with the first error of an input
 * @cancel  Rejects at once and cancels the pending inputs that have no other
 *          references.
 * @see     ECMA-262, Promise.all
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_all(uv_loop_t *loop,
                                                avow_promise_t *const ps[],
                                                size_t n);

/**
 * Combines promises into one that fulfills when all inputs settle.
 *
 * @settles LIST of the outcomes, in input order, which avow_outcome_at() reads;
 *          empty if `n` is 0
 * @cancel  Rejects at once and cancels the pending inputs that have no other
 *          references.
 * @see     ECMA-262, Promise.allSettled
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_all_settled(
    uv_loop_t *loop, avow_promise_t *const ps[], size_t n);

/**
 * Combines promises into one with the outcome of the first to settle.
 *
 * The losers continue: if an avow_channel_next() loses, the item that it
 * receives is lost. Use avow_select() to choose among channels.
 *
 * @settles as the first input to settle does; never if `n` is 0
 * @cancel  Rejects at once and cancels the pending inputs that have no other
 *          references.
 * @see     ECMA-262, Promise.race
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_race(uv_loop_t *loop,
                                                 avow_promise_t *const ps[],
                                                 size_t n);

/**
 * Combines promises into one that fulfills when one input fulfills.
 *
 * @settles as the first input to fulfill does
 * @rejects AVOW_EAGGREGATE if all inputs reject or `n` is 0; its cause is the
 *          LIST of all errors, in input order
 * @cancel  Rejects at once and cancels the pending inputs that have no other
 *          references.
 * @see     ECMA-262, Promise.any
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_any(uv_loop_t *loop,
                                                avow_promise_t *const ps[],
                                                size_t n);

/** An object, with one owner, that adds inputs to a combined promise. */
typedef struct avow_gather_s avow_gather_t;

/** The combinator whose rules the promise of a gather follows. */
typedef enum avow_gather_kind_e {
  AVOW_ALL,         /* as avow_all() */
  AVOW_ALL_SETTLED, /* as avow_all_settled() */
  AVOW_RACE,        /* as avow_race() */
  AVOW_ANY          /* as avow_any() */
} avow_gather_kind_t;

/**
 * Creates a combined promise to which avow_gather_add() adds inputs.
 *
 * The call stores the gather in `*out`. The caller owns the promise and the
 * gather, and releases the gather with avow_gather_unref().
 *
 * @settles as avow_all(), avow_all_settled(), avow_race() or avow_any() does,
 *          according to `kind`
 * @rejects UV_EINVAL if `kind` is none of the constants
 * @cancel  Rejects at once and cancels the pending inputs that have no other
 *          references.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_gather_new(uv_loop_t *loop,
                                                       avow_gather_kind_t kind,
                                                       avow_gather_t **out);

/**
 * Adds the input `p` to the gather `g`.
 *
 * If the outcome of the gather's promise is already certain, `p` is released.
 * After avow_cancel_losers() or avow_join_losers() on that promise, `p` is
 * treated as a loser instead. If `p` is that promise itself, it rejects with
 * AVOW_ECYCLE. A call after avow_gather_end() is misuse.
 */
AVOW_API void avow_gather_add(const avow_gather_t *g, avow_promise_t *p);

/**
 * Tells `g` that the caller adds no more inputs.
 *
 * An outcome that depends on all inputs, such as the LIST of AVOW_ALL, is not
 * certain before this call. A second call is misuse.
 */
AVOW_API void avow_gather_end(const avow_gather_t *g);

/**
 * Releases `g`, which may be NULL, and ends it unless it has ended.
 *
 * The call cancels neither the promise of the gather nor its inputs. A gather
 * has one owner, so a second call is misuse.
 */
AVOW_API void avow_gather_unref(avow_gather_t *g);

/**
 * How one of several inputs settled.
 *
 * Valid until the value from which it was read is released.
 */
typedef struct avow_outcome_s {
  size_t index;        /* of the input or the avow_select() case, from 0 */
  avow_state_t status; /* AVOW_FULFILLED or AVOW_REJECTED */
  union {              /* one pointer with two names */
    const avow_value_t *value;  /* the value; avow_value_ref() keeps it */
    const avow_value_t *reason; /* the error if AVOW_REJECTED */
  };
} avow_outcome_t;

/**
 * Reads the outcome of input `i` in a result of avow_all_settled().
 *
 * The first input is 0.
 *
 * @returns the outcome, valid until `list` is released
 */
AVOW_API avow_outcome_t avow_outcome_at(const avow_value_t *list, size_t i);

AVOW_HEADER_END

#endif
