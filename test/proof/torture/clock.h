/* SPDX-License-Identifier: MIT */
/*
 * Virtual time. A program links clock.c with --wrap for uv_run, uv_now,
 * uv_update_time, uv_timer_start and uv_timer_stop. All of avow then uses this
 * time: an iteration that would wait moves the clock instead.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <uv.h>

/* Resets the clock. `on_stuck` is called where a loop would wait forever. */
void clock_reset(void (*on_stuck)(void));

/* Advances the clock. Loops see this when they next update their time. */
void clock_advance(uint64_t ms);

/* Returns the present time. uv_now() is the loop's cached time. */
uint64_t clock_present(void);

#endif
