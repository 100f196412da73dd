/* SPDX-License-Identifier: MIT */
/*
 * Ticks. The number of ticks follows from the present time, so no tick gets
 * lost. A timer runs only while a receive waits for the next tick.
 */
#include "avow/stages.h"
#include "avow/timer.h"
#include "channel/channel.h"
#include "engine/virtual_clock.h"

typedef struct {
  avow__source_t source;
  avow__alarm_t alarm;
  uint64_t start;
  uint64_t ms;
  uint64_t taken;
} ticks_t;

static void ticks_on_timer(uv_timer_t *timer);

static void ticks_go_on(ticks_t *ticks) {
  avow__context_t *c = ticks->source.context;
  const uint64_t passed = avow__present(c) - ticks->start;
  const uint64_t due = passed / ticks->ms;
  const uint64_t news = due - ticks->taken;
  ticks->taken = due;
  if (news > 0)
    (void) avow__channel_push(ticks->source.channel, avow_int((int64_t) news));
  else
    avow__alarm_set_from_present(c, &ticks->alarm,
                                 ticks->ms - passed % ticks->ms,
                                 ticks_on_timer);
}

static void ticks_on_timer(uv_timer_t *timer) {
  ticks_t *ticks = timer->data;
  avow__context_t *c = ticks->source.context;
  avow__enter(c);
  ticks_go_on(ticks);
  avow__leave(c);
}

static void ticks_resume(avow__source_t *source) {
  ticks_go_on((ticks_t *) source);
}

static void ticks_hold_back(avow__source_t *source) {
  avow__alarm_stop(&((ticks_t *) source)->alarm);
}

static void ticks_stop(avow__source_t *source) {
  ticks_hold_back(source);
  avow__source_close(source,
                     (uv_handle_t *) &((ticks_t *) source)->alarm.timer);
}

avow_channel_t *avow_ticks(uv_loop_t *loop, uint64_t ms) {
  avow__check_ready(loop);
  if (ms == 0)
    return avow__channel_refuse(loop, UV_EINVAL, "ticks", "0 ms");
  ticks_t *ticks = avow__source_new(loop, sizeof(*ticks));
  if (ticks == NULL)
    return avow__channel_none(loop);
  avow__alarm_init(ticks->source.context, &ticks->alarm, ticks);
  ticks->start = avow__present(ticks->source.context);
  ticks->ms = ms;
  ticks->source.handle = (uv_handle_t *) &ticks->alarm.timer;
  ticks->source.resume = ticks_resume;
  ticks->source.pause = ticks_hold_back;
  ticks->source.stop = ticks_stop;
  return avow__channel_feed(loop, 0, &ticks->source);
}
