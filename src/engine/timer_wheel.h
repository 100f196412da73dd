/* SPDX-License-Identifier: MIT */
/*
 * The slots of a timing wheel, in which sleeps wait: eight levels of 64, a slot
 * of level n spanning 64^n milliseconds. A sleep is at the level of the highest
 * digit (to base 64) in which its deadline differs from the present, so sleeps
 * with one deadline are always in one slot, in the order of their making.
 * Adding, ending and taking out take constant time; a sleep moves down at most
 * once a level. A slot remembers the earliest deadline that it ever had: to
 * look for the present one would take as long as the slot has sleeps, each time
 * the timer fires. Where that sleep was cancelled the timer comes too early
 * once, and the slot moves down.
 */
#ifndef AVOW_TIMER_WHEEL_H
#define AVOW_TIMER_WHEEL_H

#include "engine/settle.h"

enum { AVOW__SLOTS = 64, AVOW__SLOT_LEVELS = 8 };

typedef struct {
  avow__link_t *sleeps;
  uint64_t earliest; /* of any since it was empty: no sleep is before */
} avow__slot_t;

/* Zeroed there are no sleeps. */
typedef struct {
  uint64_t now;                     /* what the slots are relative to */
  uint64_t used[AVOW__SLOT_LEVELS]; /* a bit for each that is not empty */
  avow__slot_t levels[AVOW__SLOT_LEVELS][AVOW__SLOTS];
} avow__slots_t;

/* A sleep whose deadline is set, no earlier than now. */
void avow__slots_put(avow__slots_t *slots, avow_promise_t *p);
void avow__slots_take(avow__slots_t *slots, avow_promise_t *p);

bool avow__slots_are_empty(const avow__slots_t *slots);

/* When to look next: no sleep is due before. UINT64_MAX: there is none. */
uint64_t avow__slots_earliest(avow__slots_t *slots);

/* Empties the earliest slot: its time has come to be the present. Sleeps of a
   higher level move down; those of level 0 are due. */
void avow__slots_expire(avow__slots_t *slots, uint64_t present,
                        avow__queue_t *due);

#ifdef AVOW_CHECK
/* Asserts where they are, and calls fn for each. */
void avow__slots_check(const avow__slots_t *slots,
                       void (*fn)(const avow_promise_t *p, void *data),
                       void *data);
#endif

#endif
