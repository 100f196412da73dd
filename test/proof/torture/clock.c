/* SPDX-License-Identifier: MIT */
/*
 * The clock runs timers in place of libuv, in which their handles stay
 * inactive. All other work runs in libuv, in iterations that never wait. An
 * iteration has the order of libuv 1.44 with UV_RUN_ONCE: timers, the rest,
 * timers.
 */
#include "clock.h"

#include "memory.h"

enum { TIMERS = 4, ENDLESS = 10000 };

int __real_uv_run(uv_loop_t *loop, uv_run_mode mode);
int __wrap_uv_run(uv_loop_t *loop, uv_run_mode mode);
uint64_t __wrap_uv_hrtime(void);
uint64_t __wrap_uv_now(const uv_loop_t *loop);
void __wrap_uv_update_time(uv_loop_t *loop);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t timeout,
                          uint64_t repeat);
int __wrap_uv_timer_stop(uv_timer_t *timer);

typedef struct armed_s {
  uv_timer_t *timer; /* NULL if unused */
  uv_timer_cb cb;
  uint64_t due;
} armed_t;

static struct {
  uint64_t present, cached;
  armed_t armed[TIMERS];
  void (*on_stuck)(void);
} now;

void clock_reset(void (*on_stuck)(void)) {
  for (int i = 0; i < TIMERS; i++)
    now.armed[i].timer = NULL;
  now.present = now.cached = 1000;
  now.on_stuck = on_stuck;
}

void clock_advance(uint64_t ms) {
  now.present += ms;
}

uint64_t clock_present(void) {
  return now.present;
}

uint64_t __wrap_uv_hrtime(void) {
  return now.present * 1000000;
}

uint64_t __wrap_uv_now(const uv_loop_t *loop) {
  return now.cached;
}

void __wrap_uv_update_time(uv_loop_t *loop) {
  now.cached = now.present;
}

static armed_t *find(const uv_timer_t *timer) {
  for (int i = 0; i < TIMERS; i++)
    if (now.armed[i].timer == timer)
      return &now.armed[i];
  return NULL;
}

int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t timeout,
                          uint64_t repeat) {
  if (uv_is_closing((uv_handle_t *) timer))
    return UV_EINVAL;
  armed_t *armed = find(timer);
  if (armed == NULL)
    armed = find(NULL);
  CHECK(armed != NULL && repeat == 0);
  *armed = (armed_t){ timer, cb, now.cached + timeout };
  return 0;
}

int __wrap_uv_timer_stop(uv_timer_t *timer) {
  armed_t *armed = find(timer);
  if (armed != NULL)
    armed->timer = NULL;
  return 0;
}

/* Returns the timer that is due first, or NULL. */
static armed_t *first(void) {
  armed_t *found = NULL;
  for (int i = 0; i < TIMERS; i++) {
    armed_t *armed = &now.armed[i];
    /* Closing a timer stops it. avow frees it only afterwards. */
    if (armed->timer != NULL && uv_is_closing((uv_handle_t *) armed->timer))
      armed->timer = NULL;
    if (armed->timer != NULL && (found == NULL || armed->due < found->due))
      found = armed;
  }
  return found;
}

/* libuv's timer phase, which before 1.48 runs until no timer is due. */
static void fire(void) {
  now.cached = now.present;
  for (int n = 0;; n++) {
    CHECK(n < ENDLESS);
    armed_t *armed = first();
    if (armed == NULL || armed->due > now.cached)
      return;
    const armed_t fired = *armed;
    armed->timer = NULL;
    fired.cb(fired.timer);
  }
}

static bool is_alive(const uv_loop_t *loop) {
  return uv_loop_alive(loop) || first() != NULL;
}

/* Advances the clock where libuv would block in the poll. */
static void wait_for_more(uv_loop_t *loop) {
  const bool blocks = !uv_loop_alive(loop) || uv_backend_timeout(loop) != 0;
  const armed_t *next = first();
  if (!blocks)
    return;
  if (next == NULL && uv_loop_alive(loop))
    now.on_stuck();
  else if (next != NULL && next->due > now.present)
    now.present = next->due;
}

static void on_prepare(uv_prepare_t *prepare) {
  now.cached = now.present;
  uv_close((uv_handle_t *) prepare, NULL); /* only for this iteration */
}

/* Updates the cached time at the poll, as libuv does. */
static void look_before_poll(uv_loop_t *loop, uv_prepare_t *prepare) {
  (void) uv_prepare_init(loop, prepare);        /* it never fails */
  (void) uv_prepare_start(prepare, on_prepare); /* nor does this */
  uv_unref((uv_handle_t *) prepare);
}

/* Runs an iteration of libuv. The loop was alive before its timers ran, so this
   is a complete iteration, even if the loop is no longer alive. A stopped loop
   does not poll. */
static void turn(uv_loop_t *loop) {
  uv_prepare_t prepare;
  if (loop->stop_flag == 0)
    look_before_poll(loop, &prepare);
  loop->active_reqs.count++;
  (void) __real_uv_run(loop, UV_RUN_NOWAIT); /* is_alive() runs later */
  loop->active_reqs.count--;
}

int __wrap_uv_run(uv_loop_t *loop, uv_run_mode mode) {
  bool alive = is_alive(loop);
  while (alive) {
    fire();
    turn(loop);
    if (mode != UV_RUN_NOWAIT)
      wait_for_more(loop);
    fire();
    alive = is_alive(loop);
    if (mode != UV_RUN_DEFAULT)
      break;
  }
  return alive;
}
