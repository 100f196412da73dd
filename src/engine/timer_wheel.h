/* SPDX-License-Identifier: MIT */
/*
 * The timing wheel, in whose slots sleeps wait: eight levels of 64 slots. A
 * slot of level n spans 64^n milliseconds. A sleep is at the level of the
 * highest digit (to base 64) in which its deadline differs from the present. So
 * sleeps with the same deadline are always in the same slot, in the order in
 * which they were made. Adding, ending and removing a sleep takes constant
 * time. A sleep moves down at most once from each level. A slot keeps the
 * earliest deadline that it ever had. Otherwise the timer would visit all
 * sleeps of a slot whenever it fires. If the earliest sleep was canceled, the
 * timer fires too early once, and the slot moves down.
 */
#ifndef AVOW_TIMER_WHEEL_H
#define AVOW_TIMER_WHEEL_H

#include "engine/settle.h"

enum { AVOW__SLOTS = 64, AVOW__SLOT_LEVELS = 8 };

typedef struct {
  avow__link_t *sleeps;
  uint64_t earliest; /* since the slot was empty; no sleep is due before */
} avow__slot_t;

/* The wheel. A zeroed one has no sleeps. */
typedef struct {
  uint64_t now;                     /* the slots are relative to this */
  uint64_t used[AVOW__SLOT_LEVELS]; /* a bit for each slot that is not empty */
  avow__slot_t levels[AVOW__SLOT_LEVELS][AVOW__SLOTS];
} avow__timer_wheel_t;

/* Add or remove a sleep. Its deadline is set, and is no earlier than `now`. */
void avow__wheel_put(avow__timer_wheel_t *wheel, avow_promise_t *p);
void avow__wheel_take(avow__timer_wheel_t *wheel, avow_promise_t *p);

bool avow__wheel_is_empty(const avow__timer_wheel_t *wheel);

/* The time when the timer must fire next, because no sleep is due before.
   UINT64_MAX if there are no sleeps. */
uint64_t avow__wheel_earliest(avow__timer_wheel_t *wheel);

/* Empties the earliest slot, whose time is now the present. Sleeps of a higher
   level move down. Those of level 0 move to `due`. */
void avow__wheel_expire(avow__timer_wheel_t *wheel, uint64_t present,
                        avow__queue_t *due);

#ifdef AVOW_CHECK
/* Checks the place of each sleep, and calls fn with it. */
void avow__wheel_check(const avow__timer_wheel_t *wheel,
                       void (*fn)(const avow_promise_t *p, void *data),
                       void *data);
#endif

#endif
