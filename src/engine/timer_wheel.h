/* SPDX-License-Identifier: MIT */
/*
 * The timing wheel, in whose slots sleeps wait: eight levels of 64 slots. A slot
 * of level n spans 64^n milliseconds. A sleep is at the level of the highest
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
} avow__timer_wheel_t;

/* A sleep whose deadline is set, no earlier than now. */
void avow__wheel_put(avow__timer_wheel_t *wheel, avow_promise_t *p);
void avow__wheel_take(avow__timer_wheel_t *wheel, avow_promise_t *p);

bool avow__wheel_is_empty(const avow__timer_wheel_t *wheel);

/* When to look next: no sleep is due before. UINT64_MAX: there is none. */
uint64_t avow__wheel_earliest(avow__timer_wheel_t *wheel);

/* Empties the earliest slot: its time has come to be the present. Sleeps of a
   higher level move down; those of level 0 are due. */
void avow__wheel_expire(avow__timer_wheel_t *wheel, uint64_t present,
                        avow__queue_t *due);

#ifdef AVOW_CHECK
/* Asserts where they are, and calls fn for each. */
void avow__wheel_check(const avow__timer_wheel_t *wheel,
                       void (*fn)(const avow_promise_t *p, void *data),
                       void *data);
#endif

#endif
