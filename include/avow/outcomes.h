/* SPDX-License-Identifier: MIT */
/*
 * The outcomes of many promises, each as soon as it is there: for who would
 * rather begin with the first than wait for all.
 */
#ifndef AVOW_OUTCOMES_H
#define AVOW_OUTCOMES_H

#include "avow/combine.h"
#include "avow/select.h"

AVOW_HEADER_BEGIN

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
