/* SPDX-License-Identifier: MIT */
/*
 * Virtual time. A program links clock.c with --wrap for uv_run, uv_now,
 * uv_update_time, uv_timer_start and uv_timer_stop. All of avow then uses this
 * time: an iteration that would wait moves the clock instead.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <uv.h>

/* Back to the beginning. on_stuck is called where it would wait for ever. */
void clock_reset(void (*on_stuck)(void));

/* Time passes; loops see it when they next look. */
void clock_advance(uint64_t ms);

/* Returns the present time. uv_now() is the loop's cached time. */
uint64_t clock_present(void);

#endif
