/* SPDX-License-Identifier: MIT */
/*
 * Selects among channels and promises, and outcomes as a channel.
 *
 * A select performs exactly one of its cases: an item is received, an item is
 * sent, or a promise has settled. The other cases have no effect. A race cannot
 * do that with channels, because each avow_channel_next() among its inputs
 * receives an item, also the inputs that lose.
 *
 * A channel of outcomes is for programs that use each outcome as soon as it is
 * known, and do not wait for all.
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
  AVOW_CASE_OUT,    /* none: the case takes no part; { 0 } is such a case */
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
 * The end and the failure of `c` also let the case happen.
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
 * The case happens and fails if avow_channel_send() would reject.
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
 * Makes a case that happens when `p` has settled.
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
 * Performs exactly one of `n` cases: the first that can happen.
 *
 * If several cases can happen when the caller selects, each is chosen equally
 * often. A case that fails has happened, and the reason is its outcome.
 *
 * The call takes ownership of the items of all cases that send, and releases
 * the items that are not sent. An array of such cases serves for one call: call
 * avow_value_ref() first to send an item again. Channels and promises are
 * borrowed, so one sleep can be a case of many selects in a row. A promise that
 * is not chosen and has no other references is canceled.
 *
 * @settles OBJECT outcome: see avow_to_outcome(). `index` is that of the case.
 *          The value of a received item is the item, which may be a promise, or
 *          NONE at the end. The value of a sent item is NONE. The value of a
 *          settled promise is the value it fulfilled with.
 * @rejects UV_EINVAL if an item to send is NONE; no case happens
 * @rejects UV_EINVAL if a case has an unknown kind; no case happens
 * @rejects AVOW_EMISUSE if the cases belong to different loops; no case happens
 * @rejects AVOW_EMISUSE if no case takes part, because the select would never
 *          settle; the promise is bound to no loop, and a checked build aborts
 * @cancel  Receives nothing, sends nothing and releases the items.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_select(const avow_case_t cases[],
                                                   size_t n);

/**
 * Sends the outcomes of `n` promises to a channel, each when it is known.
 *
 * The channel ends after the last outcome. Its capacity is not limited:
 * outcomes that are not received stay buffered. The call takes ownership of the
 * promises. When the channel is closed or its last reference is released, the
 * pending promises without other references are canceled, as
 * avow_cancel_losers() does.
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
 * Creates a gather whose outcomes are the items of a channel.
 *
 * It is for promises that are added one by one. `*out` receives the gather,
 * which the caller owns. avow_gather_add() adds a promise, and its position is
 * the `index` of its outcome. The channel ends when the gather has ended and
 * the last promise has settled. When the channel is closed or its last
 * reference is released, the pending promises without other references are
 * canceled, as avow_cancel_losers() does.
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
