/* SPDX-License-Identifier: MIT */
/*
 * Combinators. Each takes the promises of its array; the array stays the
 * caller's. Losers are not cancelled and their failures count as handled: see
 * avow_cancel_losers(), and avow_join_losers() where these use what goes away.
 */
#ifndef AVOW_COMBINE_H
#define AVOW_COMBINE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** LIST: the values in input order; rejects as the first to reject does. */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_all(uv_loop_t *loop,
                                                avow_promise_t *const ps[],
                                                size_t n);

/** LIST: an outcome for each input, see avow_outcome_at(); never rejects. */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_all_settled(
    uv_loop_t *loop, avow_promise_t *const ps[], size_t n);

/**
 * Settles as the first input to settle; without inputs never. What lost has
 * happened all the same: an avow_channel_next() among the inputs has its item,
 * which goes with it. To choose among channels there is avow_select().
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_race(uv_loop_t *loop,
                                                 avow_promise_t *const ps[],
                                                 size_t n);

/**
 * Fulfils as the first input to fulfil. If all reject: AVOW_EAGGREGATE, whose
 * cause is the LIST of all reasons in input order.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_any(uv_loop_t *loop,
                                                avow_promise_t *const ps[],
                                                size_t n);

/** A combinator that inputs are still added to. */
typedef struct avow_gather_s avow_gather_t;

/** Which combinator it is: avow_all(), and so on. */
typedef enum avow_gather_kind_e {
  AVOW_ALL,
  AVOW_ALL_SETTLED,
  AVOW_RACE,
  AVOW_ANY
} avow_gather_kind_t;

/**
 * The combinators with one input at a time, for fan-outs that grow: what it
 * settles with, and in *out, which is yours, what inputs are added to. Of no
 * other kind than these: UV_EINVAL.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_gather_new(uv_loop_t *loop,
                                                       avow_gather_kind_t kind,
                                                       avow_gather_t **out);

/**
 * Adds an input. One that comes when all is decided is let go, or is one more
 * loser, as avow_cancel_losers() and avow_join_losers() have it. The gather's
 * own promise rejects it: AVOW_ECYCLE.
 */
AVOW_API void avow_gather_add(const avow_gather_t *g, avow_promise_t *p);

/** No more inputs: it settles as soon as those that it has allow. Once. */
AVOW_API void avow_gather_end(const avow_gather_t *g);

/** Lets go of g, and ends it if nobody has. Once: it has one owner. */
AVOW_API void avow_gather_unref(avow_gather_t *g);

/** How one of several things settled. Valid as long as the value it is from. */
typedef struct avow_outcome_s {
  size_t index;        /* of the input, the promise or the case, from 0 */
  avow_state_t status; /* AVOW_FULFILLED or AVOW_REJECTED */
  union {
    const avow_value_t *value;  /* if fulfilled; avow_value_ref() to keep it */
    const avow_value_t *reason; /* if rejected: the same pointer */
  };
} avow_outcome_t;

/** The outcome of input `i` in a list of avow_all_settled(). */
AVOW_API avow_outcome_t avow_outcome_at(const avow_value_t *list, size_t i);

AVOW_HEADER_END

#endif
