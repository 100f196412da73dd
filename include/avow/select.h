/* SPDX-License-Identifier: MIT */
/*
 * Choosing: of several things that may happen, exactly one. A race is no choice
 * among channels: avow_channel_next() takes an item as soon as it is asked, and
 * what loses has it. Here all that is not chosen is as if it had never been
 * asked for.
 */
#ifndef AVOW_SELECT_H
#define AVOW_SELECT_H

#include "avow/channel.h"
#include "avow/combine.h"

AVOW_HEADER_BEGIN

/** The outcome in a value of avow_select() or avow_outcomes(). */
AVOW_API const avow_outcome_t *avow_to_outcome(const avow_value_t *v);

/** What a case waits for: avow_case_next() and its like set it. */
typedef enum avow_case_kind_e {
  AVOW_CASE_OUT, /* takes no part, as { 0 } does not */
  AVOW_CASE_NEXT,
  AVOW_CASE_SEND,
  AVOW_CASE_SETTLED
} avow_case_kind_t;

/** One of the things that avow_select() chooses among. */
typedef struct avow_case_s {
  avow_case_kind_t kind;
  union {
    const avow_channel_t *channel;
    const avow_promise_t *promise;
  };
  avow_value_t item;
} avow_case_t;

/** To take the next item of c; its end and its failure are there to take. */
AVOW_INLINE avow_case_t avow_case_next(const avow_channel_t *c) {
  avow_case_t one;
  one.kind = AVOW_CASE_NEXT;
  one.channel = c;
  one.item = avow_none();
  return one;
}

/** To send the item to c, which fails where avow_channel_send() would. */
AVOW_INLINE avow_case_t avow_case_send(const avow_channel_t *c,
                                       avow_value_t item) {
  avow_case_t one;
  one.kind = AVOW_CASE_SEND;
  one.channel = c;
  one.item = item;
  return one;
}

/** That p has settled. */
AVOW_INLINE avow_case_t avow_case_settled(const avow_promise_t *p) {
  avow_case_t one;
  one.kind = AVOW_CASE_SETTLED;
  one.promise = p;
  one.item = avow_none();
  return one;
}

/**
 * OBJECT: an avow_outcome_t, of the one case that happened. Its value is the
 * item, NONE at the end, a promise as such; NONE of what was sent; what the
 * promise was fulfilled with. A case that fails is one that happened, with its
 * reason. Those that can happen at once have their turn, each as often as
 * another; else the first that can.
 *
 * Takes the items of cases that send, and releases those that are not sent:
 * avow_value_ref() first to try again, and an array of such cases serves once.
 * Channels and promises are borrowed: one sleep may be in any number of selects
 * in a row, and a promise that nobody else holds is cancelled when it is not
 * chosen. Rejects, with nothing taken or sent, with UV_EINVAL for an item that
 * is NONE and for a case of no kind, AVOW_EMISUSE for one of another loop,
 * UV_ENOMEM. Where n is 0, or no case takes part, it would wait for ever, and
 * of no loop: AVOW_EMISUSE, which debug builds explain. Cancelling while it is
 * pending takes nothing and sends nothing.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_select(const avow_case_t cases[],
                                                   size_t n);

/*
 * The outcomes of many promises, each as soon as it is there: for who would
 * rather begin with the first than wait for all.
 */

/**
 * A channel of OBJECTs: an avow_outcome_t for each promise of the array, in the
 * order in which they settle; it ends behind the last. The promises are taken,
 * as those of a combinator are: when the last reference to the channel goes, or
 * it is closed, those that are pending and that nobody else holds are cancelled
 * as by avow_cancel_losers(). Whoever does not take them has all outcomes kept:
 * nothing holds promises back. Fails without memory with UV_ENOMEM, for one of
 * another loop with AVOW_EMISUSE, and with UV_ECANCELED where its loop is
 * closed; the others are cancelled then.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_outcomes(uv_loop_t *loop,
                                                     avow_promise_t *const ps[],
                                                     size_t n);

/**
 * The same with one promise at a time, for what grows meanwhile: in *out, which
 * is yours, what they are added to by avow_gather_add(), and counted by. It
 * ends when that has ended, and the last has settled.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_outcomes_new(uv_loop_t *loop,
                                                         avow_gather_t **out);

AVOW_HEADER_END

#endif
