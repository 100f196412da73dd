/* SPDX-License-Identifier: MIT */
/*
 * Timers, which use the loop's own time. The phase runs the timers that are due
 * when it begins. A timer that is restarted in it, even with timeout 0, runs in
 * the next iteration, as since libuv 1.48.
 */
#include "sim/uv_timer.h"

#include <assert.h>

#include "base/container.h"
#include "sim/loop.h"

SIM_ANCHOR(timer)

typedef struct {
  sim_handle_t base;
  sim_node_t node; /* due in ms of uv_now() */
  uv_timer_cb cb;
  uint64_t repeat;
  uv_timer_t *timer;
} clockwork_t;

static void timer_close(uv_handle_t *handle) {
  (void) uv_timer_stop((uv_timer_t *) handle); /* cannot fail */
}

static const sim_class_t timer_class = { .close = timer_close };

static clockwork_t *clockwork(const uv_timer_t *timer) {
  return sim_handle_block((const uv_handle_t *) timer);
}

static sim_heap_t *timers_of(const uv_timer_t *timer) {
  return &sim_loop(timer->loop)->timers;
}

int uv_timer_init(uv_loop_t *loop, uv_timer_t *timer) {
  clockwork_t *clock = sim_handle_init(loop, (uv_handle_t *) timer, UV_TIMER,
                                       sizeof(*clock), &timer_class);
  clock->timer = timer;
  return 0;
}

int uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t timeout,
                   uint64_t repeat) {
  if (sim_handle_is_closing((uv_handle_t *) timer) || cb == NULL)
    return UV_EINVAL;
  sim_loop_t *loop = sim_loop(timer->loop);
  clockwork_t *clock = clockwork(timer);
  (void) uv_timer_stop(timer); /* cannot fail */
  clock->cb = cb;
  clock->repeat = repeat;
  clock->node.due =
      timeout < UINT64_MAX - loop->time ? loop->time + timeout : UINT64_MAX;
  clock->node.order = loop->timers_made++;
  sim_heap_add(&loop->timers, &clock->node);
  sim_handle_start((uv_handle_t *) timer);
  return 0;
}

int uv_timer_stop(uv_timer_t *timer) {
  clockwork_t *clock = clockwork(timer);
  if (!sim_handle_is_active((uv_handle_t *) timer))
    return 0;
  sim_heap_remove(timers_of(timer), &clock->node);
  sim_handle_stop((uv_handle_t *) timer);
  return 0;
}

int uv_timer_again(uv_timer_t *timer) {
  const clockwork_t *clock = clockwork(timer);
  if (clock == NULL || clock->cb == NULL)
    return UV_EINVAL;
  if (clock->repeat > 0) /* a closing timer refuses; that is ignored */
    (void) uv_timer_start(timer, clock->cb, clock->repeat, clock->repeat);
  return 0;
}

void uv_timer_set_repeat(uv_timer_t *timer, uint64_t repeat) {
  clockwork(timer)->repeat = repeat;
}

uint64_t uv_timer_get_repeat(const uv_timer_t *timer) {
  return clockwork(timer)->repeat;
}

uint64_t uv_timer_get_due_in(const uv_timer_t *timer) {
  const uint64_t now = sim_loop(timer->loop)->time;
  const uint64_t due = clockwork(timer)->node.due;
  return due > now ? due - now : 0;
}

uint64_t sim_timers_next(const uv_loop_t *loop) {
  const sim_node_t *first = sim_heap_first(&sim_loop(loop)->timers);
  if (first == NULL || first->due > UINT64_MAX / SIM_MS)
    return UINT64_MAX;
  return (first->due - SIM_BEGIN_MS) * SIM_MS;
}

void sim_timers_run(uv_loop_t *loop) {
  sim_loop_t *own = sim_loop(loop);
  const uint64_t made = own->timers_made;
  sim_node_t *first = NULL;
  while ((first = sim_heap_first(&own->timers)) != NULL &&
         first->due <= own->time && first->order < made) {
    const clockwork_t *clock = AVOW__CONTAINER(clockwork_t, node, first);
    uv_timer_t *timer = clock->timer;
    sim_world.happened = true;
    (void) uv_timer_stop(timer);  /* cannot fail */
    (void) uv_timer_again(timer); /* cannot fail: the callback is set */
    clock->cb(timer);
  }
}
