/* SPDX-License-Identifier: MIT */
/*
 * What time it is for a program, and what rings when that has come: libuv's
 * clock and its timers, or a clock of the loop's own, by avow_options_t.
 */
#ifndef AVOW_VIRTUAL_CLOCK_H
#define AVOW_VIRTUAL_CLOCK_H

#include "engine/context.h"
#include "engine/loop_time.h"

/* An alarm. Its timer is active while it is set: on a clock of the loop's own
   for the loop to live on, unless nothing but the program moves that. */
typedef struct avow__alarm_s {
  uv_timer_t timer;
  avow__link_t link; /* among those of such a clock; no next: it is not set */
  uint64_t due;
  uv_timer_cb cb;
} avow__alarm_t;

/* No clock gets there: what waits until then waits for ever. 64^8 ms are 8,900
   years. */
#define AVOW__LATEST ((UINT64_C(1) << 48) - 1)

/* The milliseconds for an alarm that shall ring in the next iteration. A timer
   that is due again in its own callback keeps libuv before 1.48 inside its
   timer phase forever, so it is 1 on the real clock. */
static inline uint64_t avow__next_iteration_ms(const avow__context_t *c) {
  return c->clock == NULL ? 1 : 0;
}

void avow__alarm_init(avow__context_t *c, avow__alarm_t *alarm, void *data);

void avow__clock_set(avow__context_t *c, avow__alarm_t *alarm, uint64_t ms,
                     uv_timer_cb cb);
void avow__clock_unset(avow__alarm_t *alarm);

/* Calls cb after so many milliseconds, unless its timer is closing. */
static inline void avow__alarm_set(avow__context_t *c, avow__alarm_t *alarm,
                                   uint64_t ms, uv_timer_cb cb) {
  if (AVOW__LIKELY(c->clock == NULL))
    (void) uv_timer_start(&alarm->timer, cb, ms, 0); /* it may be closing */
  else
    avow__clock_set(c, alarm, ms, cb);
}

/* Starts libuv's timer, to fire ms milliseconds from the present. */
void avow__timer_set_from_present(uv_timer_t *timer, uint64_t ms,
                                  uv_timer_cb cb);

/* Calls cb when ms milliseconds have passed from the present, and not from the
   loop's cached time. */
static inline void avow__alarm_set_from_present(avow__context_t *c,
                                                avow__alarm_t *alarm,
                                                uint64_t ms, uv_timer_cb cb) {
  if (AVOW__LIKELY(c->clock == NULL))
    avow__timer_set_from_present(&alarm->timer, ms, cb);
  else
    avow__clock_set(c, alarm, ms, cb);
}

/* To be called before its timer is closed, too. */
static inline void avow__alarm_stop(avow__alarm_t *alarm) {
  (void) uv_timer_stop(&alarm->timer); /* cannot fail */
  if (alarm->link.next != NULL)
    avow__clock_unset(alarm);
}

/* The clock that options ask for, if they do; false without memory. What it has
   on the loop begins later. */
bool avow__clock_new(avow__context_t *c);
void avow__clock_start(avow__context_t *c);

/* Whether time passes for whoever waits. Nobody moves the clock of a loop that
   closes, but itself. */
static inline bool avow__time_passes(const avow__context_t *c) {
  return c->clock == NULL || c->options.clock == AVOW_CLOCK_BY_ITSELF ||
         c->life > AVOW__OPEN;
}

/* Frees the clock of a loop that could not be opened. */
void avow__clock_free(avow__context_t *c);

/* The loop closes: time passes from now on. */
void avow__clock_run_by_itself(avow__context_t *c);

#endif
