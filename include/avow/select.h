/* SPDX-License-Identifier: MIT */
/*
 * Selects, which choose among channels and promises; channels of outcomes.
 *
 * A select performs exactly one of its cases. A case receives an item from a
 * channel, sends an item to a channel, or waits for a promise. The other cases
 * have no effect. Do not use avow_race() for this purpose: each
 * avow_channel_next() among its inputs receives an item, and the items of the
 * losers are lost.
 *
 * A channel of outcomes is for programs that use the outcome of each promise as
 * soon as the promise settles.
 */
#ifndef AVOW_SELECT_H
#define AVOW_SELECT_H

#include "avow/channel.h"
#include "avow/combine.h"

AVOW_HEADER_BEGIN

/**
 * Reads the outcome in a value of avow_select() or avow_outcomes().
 *
 * @returns the outcome, valid until `v` is released; NULL for any other value,
 *          which is misuse
 */
AVOW_API const avow_outcome_t *avow_to_outcome(const avow_value_t *v);

/** The operation of a case. */
typedef enum avow_case_kind_e {
  AVOW_CASE_OUT,    /* none: never possible; { 0 } has this kind */
  AVOW_CASE_NEXT,   /* receive an item; see avow_case_next() */
  AVOW_CASE_SEND,   /* send `item`; see avow_case_send() */
  AVOW_CASE_SETTLED /* wait for a promise; see avow_case_settled() */
} avow_case_kind_t;

/** One of the operations that avow_select() chooses among. */
typedef struct avow_case_s {
  avow_case_kind_t kind;
  union {
    const avow_channel_t *channel; /* of AVOW_CASE_NEXT and AVOW_CASE_SEND */
    const avow_promise_t *promise; /* of AVOW_CASE_SETTLED */
  };
  avow_value_t item; /* to send; NONE for the other kinds */
} avow_case_t;

/**
 * Makes a case that receives the next item of `c`.
 *
 * The case is also possible if `c` has ended or failed.
 *
 * @returns the case, which borrows `c`
 */
AVOW_INLINE avow_case_t avow_case_next(const avow_channel_t *c) {
  avow_case_t one;
  one.kind = AVOW_CASE_NEXT;
  one.channel = c;
  one.item = avow_none();
  return one;
}

/**
 * Makes a case that sends `item` to `c`.
 *
 * If avow_channel_send() would reject, the case is possible, and its outcome is
 * the error.
 *
 * @returns the case, which borrows `c`; avow_select() takes ownership of `item`
 */
AVOW_INLINE avow_case_t avow_case_send(const avow_channel_t *c,
                                       avow_value_t item) {
  avow_case_t one;
  one.kind = AVOW_CASE_SEND;
  one.channel = c;
  one.item = item;
  return one;
}

/**
 * Makes a case that is possible when `p` has settled.
 *
 * @returns the case, which borrows `p`
 */
AVOW_INLINE avow_case_t avow_case_settled(const avow_promise_t *p) {
  avow_case_t one;
  one.kind = AVOW_CASE_SETTLED;
  one.promise = p;
  one.item = avow_none();
  return one;
}

/**
 * Performs exactly one of `n` cases: the first that is possible.
 *
 * If several cases are possible at the time of the call, avow chooses one of
 * them. Over many calls, it chooses each one equally often.
 *
 * The promise also fulfills if the case fails, such as the case of a promise
 * that rejects. The `status` of the outcome is then AVOW_REJECTED, and its
 * `reason` is the error. If the promise rejects, no case is performed.
 *
 * The call takes ownership of the items to send, and releases the items that it
 * does not send. To use an array with such items in another call, add a
 * reference to each item with avow_value_ref() first. The call borrows channels
 * and promises. So one sleep can be a case of many calls in a row. If the
 * caller meanwhile releases the last other reference to a promise, avow cancels
 * that promise, unless its case is chosen.
 *
 * @settles OBJECT outcome, see avow_to_outcome(). `index` is the index of the
 *          case. `value` is the item that was received, NONE at the end of the
 *          channel, NONE if an item was sent, or the value of the promise. A
 *          received item that is a promise is not awaited.
 * @rejects UV_EINVAL if an item to send is NONE
 * @rejects UV_EINVAL if a case has an unknown kind
 * @rejects AVOW_EMISUSE if the cases belong to different loops
 * @rejects AVOW_EMISUSE if each case is AVOW_CASE_OUT, because the promise
 *          would never settle; it is bound to no loop, and a checked build
 *          aborts
 * @cancel  Receives nothing, sends nothing and releases the items.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_select(const avow_case_t cases[],
                                                   size_t n);

/**
 * Makes a channel of the outcomes of `n` promises.
 *
 * When a promise settles, its outcome is sent to the channel. The channel ends
 * after the last outcome. Its capacity is not limited: outcomes that are not
 * received stay buffered. The call takes ownership of the promises. When the
 * channel is closed or its last reference is released, the pending promises
 * that have no other references are canceled.
 *
 * @items   OBJECT outcome, in the order in which the promises settle; see
 *          avow_to_outcome()
 * @fails   AVOW_EMISUSE if a promise belongs to another loop; the others are
 *          canceled
 * @fails   UV_ECANCELED if the loop of a promise is closed; the others are
 *          canceled
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_outcomes(uv_loop_t *loop,
                                                     avow_promise_t *const ps[],
                                                     size_t n);

/**
 * Makes a channel of the outcomes of promises that are added one by one.
 *
 * The caller owns the gather in `*out`; see combine.h. avow_gather_add() adds a
 * promise to it, and the number of promises added before is the `index` of the
 * outcome. When a promise settles, its outcome is sent to the channel, whose
 * capacity is not limited. The channel ends when the caller has ended the
 * gather and the last promise has settled. When the channel is closed or its
 * last reference is released, the pending promises that have no other
 * references are canceled.
 *
 * @items   OBJECT outcome, in the order in which the promises settle; see
 *          avow_to_outcome()
 * @fails   AVOW_EMISUSE if a promise belongs to another loop; the others are
 *          canceled
 * @fails   UV_ECANCELED if the loop of a promise is closed; the others are
 *          canceled
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_outcomes_new(uv_loop_t *loop,
                                                         avow_gather_t **out);

AVOW_HEADER_END

#endif
