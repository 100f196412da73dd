/* SPDX-License-Identifier: MIT */
/*
 * How long the turns of a loop take, while somebody wants to know: from the
 * first look behind the poll to the next poll. So long at most has waited what
 * came meanwhile.
 */
#ifndef AVOW_LAG_H
#define AVOW_LAG_H

#include "engine/context.h"

/* The loop is about to poll: a turn is over. */
void avow__lag_poll(avow__context_t *c);

/* The poll is over: the first look behind it. */
void avow__lag_look(avow__context_t *c);

/* The loop stops, or there is nothing more to turn for: so does the time. */
void avow__lag_leave(avow__context_t *c);

/* Counts a turn. */
void avow__lag_note(avow__lag_t *lag, uint64_t us);

/* What so many of 100 turns did not exceed. */
uint64_t avow__lag_at(const avow__lag_t *lag, unsigned percent);

#endif
