/* SPDX-License-Identifier: MIT */
/*
 * The loop: its phases in libuv's order. There are two orders. Until libuv
 * 1.44, timers run first in an iteration. Since 1.45 they run last, and once
 * before the first iteration. A program must cope with both, so the seed
 * chooses.
 *
 * Where a real loop would block, virtual time advances to the next event. If
 * there is none, the program is stuck.
 */
#include <assert.h>
#include <stdio.h>

#include "sim/chance.h"
#include "sim/event_log.h"
#include "sim/loop.h"
#include "sim/run.h"
#include "sim/uv_timer.h"
#include "sim/uv_watchers.h"

SIM_ANCHOR(loop)

/* The minimum duration of an iteration. */
enum { TURN_NS = SIM_US };

/* Outside a run, the order is that of the installed libuv. */
static bool has_timers_last(void) {
  return sim_is_on() ? sim_choose(2, "loop") != 0 : uv_version() >= 0x012d00;
}

static int loop_init(uv_loop_t *loop) {
  sim_loop_t *own = sim_alloc(sizeof(*own));
  own->world = &sim_world;
  avow__queue_init(&own->handles);
  avow__queue_init(&own->asyncs);
  for (int i = 0; i < SIM_PHASES; i++)
    avow__queue_init(&own->phases[i]);
  own->timers_last = has_timers_last();
  loop->internal_fields = own;
  loop->active_handles = 0;
  loop->active_reqs.count = 0;
  loop->stop_flag = 0;
  uv_update_time(loop);
  return 0;
}

static bool refuses(const char *function) {
  if (sim_world.loop == NULL)
    return false;
  sim_fail(
      "%s() in a run is not simulated; use the loop that the "
      "program received",
      function);
  return true;
}

int uv_loop_init(uv_loop_t *loop) {
  return refuses("uv_loop_init") ? UV_ENOTSUP : loop_init(loop);
}

int uv_loop_close(uv_loop_t *loop) {
  sim_loop_t *own = sim_loop(loop);
  if (loop->active_reqs.count > 0 || !avow__queue_is_empty(&own->handles))
    return UV_EBUSY;
  sim_task_unset(&own->async_task); /* sent to a handle that was closed since */
  sim_heap_free(&own->timers);
  sim_free(own);
  loop->internal_fields = NULL;
  return 0;
}

/* Returns a loop even if the run fails, because callers do not expect NULL. */
uv_loop_t *uv_default_loop(void) {
  static _Thread_local uv_loop_t loop;
  (void) refuses("uv_default_loop"); /* the run has failed */
  if (sim_loop(&loop) == NULL)
    (void) loop_init(&loop); /* cannot fail */
  return &loop;
}

/* These options have no effect in a simulation and are accepted. */
int uv_loop_configure(uv_loop_t *loop, uv_loop_option option, ...) {
  return option == UV_LOOP_BLOCK_SIGNAL || option == UV_METRICS_IDLE_TIME
             ? 0
             : UV_ENOSYS;
}

int uv_loop_alive(const uv_loop_t *loop) {
  return loop->active_handles > 0 || loop->active_reqs.count > 0 ||
         sim_loop(loop)->closing != NULL;
}

void uv_stop(uv_loop_t *loop) {
  loop->stop_flag = 1;
}

/* There is no descriptor. An open loop returns 0, a closed one -1. */
int uv_backend_fd(const uv_loop_t *loop) {
  return sim_loop(loop) != NULL ? 0 : -1;
}

void uv_update_time(uv_loop_t *loop) {
  sim_loop(loop)->time = sim_time_ms();
}

uint64_t uv_now(const uv_loop_t *loop) {
  return sim_loop(loop)->time;
}

uint64_t uv_metrics_idle_time(uv_loop_t *loop) {
  return 0;
}

#if UV_VERSION_HEX >= 0x012d00
int uv_metrics_info(uv_loop_t *loop, uv_metrics_t *metrics) {
  *metrics = (uv_metrics_t){ 0 };
  return 0;
}
#endif

static bool may_block(const uv_loop_t *loop) {
  const sim_loop_t *own = sim_loop(loop);
  return loop->stop_flag == 0 && own->closing == NULL &&
         (loop->active_handles > 0 || loop->active_reqs.count > 0) &&
         avow__queue_is_empty(&own->phases[SIM_IDLE]);
}

int uv_backend_timeout(const uv_loop_t *loop) {
  if (!may_block(loop))
    return 0;
  const uint64_t next = sim_timers_next(loop);
  if (next == UINT64_MAX)
    return -1;
  const uint64_t now = sim_now();
  return next > now ? (int) ((next - now + SIM_MS - 1) / SIM_MS) : 0;
}

static void wait_for_next(uv_loop_t *loop) {
  const uint64_t timer = sim_timers_next(loop);
  const uint64_t task = sim_tasks_next(loop);
  const uint64_t next = timer < task ? timer : task;
  if (next == UINT64_MAX)
    sim_run_stuck(loop);
  else
    sim_time_reach(next);
  sim_world.happened = true;
}

static void poll_for(uv_loop_t *loop, bool blocks) {
  if (blocks && may_block(loop))
    wait_for_next(loop);
  uv_update_time(loop);
  sim_tasks_run(loop);
}

static void close_handles(uv_loop_t *loop) {
  uv_handle_t *handle = sim_loop(loop)->closing;
  sim_loop(loop)->closing = NULL;
  while (handle != NULL) {
    uv_handle_t *next =
        ((sim_handle_t *) sim_handle_block(handle))->next_closing;
    sim_handle_end(handle);
    handle = next;
  }
}

static void turn_begin(void) {
  sim_world.looks = 0;
  sim_time_pass(TURN_NS);
}

static void run_due_timers(uv_loop_t *loop) {
  uv_update_time(loop);
  sim_timers_run(loop);
}

/* With UV_RUN_ONCE, an iteration that begins with an idle handle does not
   block. */
static void turn_once(uv_loop_t *loop, uv_run_mode mode) {
  sim_loop_t *own = sim_loop(loop);
  turn_begin();
  if (!own->timers_last)
    run_due_timers(loop);
  const bool idles = !avow__queue_is_empty(&own->phases[SIM_IDLE]);
  sim_phase_run(loop, SIM_IDLE);
  sim_phase_run(loop, SIM_PREPARE);
  poll_for(loop, mode == UV_RUN_DEFAULT || (mode == UV_RUN_ONCE && !idles));
  sim_phase_run(loop, SIM_CHECK);
  close_handles(loop);
  if (mode == UV_RUN_ONCE || own->timers_last)
    run_due_timers(loop);
}

static bool turn_is_next(const uv_loop_t *loop) {
  return loop->stop_flag == 0 && sim_run_goes_on();
}

int uv_run(uv_loop_t *loop, uv_run_mode mode) {
  int alive = uv_loop_alive(loop);
  if (!alive)
    uv_update_time(loop);
  if (alive && mode == UV_RUN_DEFAULT && sim_loop(loop)->timers_last &&
      turn_is_next(loop))
    run_due_timers(loop);
  while (alive && turn_is_next(loop)) {
    turn_once(loop, mode);
    alive = uv_loop_alive(loop);
    if (mode != UV_RUN_DEFAULT)
      break;
  }
  loop->stop_flag = 0;
  return alive;
}
