/* SPDX-License-Identifier: MIT */
/*
 * Clocks and alarms. avow_options_t selects the real clock, with the timers of
 * libuv, or a virtual clock.
 */
#ifndef AVOW_VIRTUAL_CLOCK_H
#define AVOW_VIRTUAL_CLOCK_H

#include "engine/context.h"
#include "engine/loop_time.h"

/* An alarm. On the real clock, its timer is active while it is set. On a
   virtual clock, the timer keeps the loop alive, unless only the program moves
   the clock. */
typedef struct avow__alarm_s {
  uv_timer_t timer;
  avow__link_t link; /* in the alarms of a virtual clock; no next: not set */
  uint64_t due;
  uv_timer_cb cb;
} avow__alarm_t;

/* No clock reaches this time, so an alarm that is due then never rings. 64^8 ms
   are 8,900 years. */
#define AVOW__LATEST ((UINT64_C(1) << 48) - 1)

/* The milliseconds for an alarm that rings in the next iteration. Before 1.48,
   libuv stays in its timer phase forever if a timer is due again in its own
   callback. So it is 1 on the real clock. */
static inline uint64_t avow__next_iteration_ms(const avow__context_t *c) {
  return c->clock == NULL ? 1 : 0;
}

void avow__alarm_init(avow__context_t *c, avow__alarm_t *alarm, void *data);

void avow__clock_set(avow__context_t *c, avow__alarm_t *alarm, uint64_t ms,
                     uv_timer_cb cb);
void avow__clock_unset(avow__alarm_t *alarm);

/* Calls cb after `ms` milliseconds, unless the alarm's timer is closing. */
static inline void avow__alarm_set(avow__context_t *c, avow__alarm_t *alarm,
                                   uint64_t ms, uv_timer_cb cb) {
  if (AVOW__LIKELY(c->clock == NULL))
    (void) uv_timer_start(&alarm->timer, cb, ms, 0); /* it may be closing */
  else
    avow__clock_set(c, alarm, ms, cb);
}

/* Starts a timer of libuv, which fires `ms` milliseconds from the present. */
void avow__timer_set_from_present(uv_timer_t *timer, uint64_t ms,
                                  uv_timer_cb cb);

/* Calls cb when `ms` milliseconds have passed from the present, and not from
   the loop's cached time. */
static inline void avow__alarm_set_from_present(avow__context_t *c,
                                                avow__alarm_t *alarm,
                                                uint64_t ms, uv_timer_cb cb) {
  if (AVOW__LIKELY(c->clock == NULL))
    avow__timer_set_from_present(&alarm->timer, ms, cb);
  else
    avow__clock_set(c, alarm, ms, cb);
}

/* Stops the alarm. This must also be called before its timer is closed. */
static inline void avow__alarm_stop(avow__alarm_t *alarm) {
  (void) uv_timer_stop(&alarm->timer); /* cannot fail */
  if (alarm->link.next != NULL)
    avow__clock_unset(alarm);
}

/* Makes a virtual clock if the options select one. False if out of memory.
   avow__clock_start() starts its handles. */
bool avow__clock_new(avow__context_t *c);
void avow__clock_start(avow__context_t *c);

/* Whether time passes without the program. While a loop closes, its clock
   always moves by itself. */
static inline bool avow__time_passes(const avow__context_t *c) {
  return c->clock == NULL || c->options.clock == AVOW_CLOCK_BY_ITSELF ||
         c->life > AVOW__OPEN;
}

/* Frees the clock of a loop that could not be opened. */
void avow__clock_free(avow__context_t *c);

/* Called when the loop closes: time passes from now on. */
void avow__clock_run_by_itself(avow__context_t *c);

#endif
