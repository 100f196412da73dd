/* SPDX-License-Identifier: MIT */
/*
 * Time that passes only when it is told to. Programs that link clock.c with the
 * linker's --wrap for uv_run, uv_now, uv_update_time, uv_timer_start and
 * uv_timer_stop have all of avow live in it: a turn of the loop that would
 * wait moves the clock to what it waits for instead.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <uv.h>

/* Back to the beginning. on_stuck is called where it would wait for ever. */
void clock_reset(void (*on_stuck)(void));

/* Time passes; loops see it when they next look. */
void clock_advance(uint64_t ms);

/* What a clock on the wall would show; uv_now() is what the loop saw last. */
uint64_t clock_present(void);

#endif
