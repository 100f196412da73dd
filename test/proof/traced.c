/* SPDX-License-Identifier: MIT */
/*
 * Writes a trace of all kinds of events to its standard output, for trace.py,
 * with a clock that it advances itself. Some operations begin before the trace
 * or end after it.
 */
#undef AVOW_BUILDING

#include <avow/all.h>
#include <avow/stackless.h>
#include <limits.h>
#include <stdio.h>

enum { REMOTES = 3 };

static avow_remote_t *remotes[REMOTES];

static void settle_remotes(void *none) {
  for (int i = 0; i < REMOTES; i++)
    (void) (i == 1 ? avow_remote_reject(remotes[i], avow_error(UV_EPIPE))
                   : avow_remote_resolve(remotes[i], avow_int(i)));
}

static avow_value_t pass(const avow_value_t *v, void *data) {
  return avow_value_ref(v);
}

static avow_value_t follow_next(const avow_value_t *v, void *loop) {
  return avow_follow(avow_next_iteration(loop));
}

static avow_value_t go_on(const avow_value_t *error, void *data) {
  return avow_none();
}

static avow_value_t steps(void *data) {
  int *left = data;
  return --*left > 0 ? avow_none() : avow_int(0);
}

typedef struct {
  avow_frame_t frame;
  uv_loop_t *loop;
} twice_t;

static avow_value_t sleep_twice(const avow_value_t *v, void *data) {
  twice_t *me = data;
  AVOW_BEGIN(&me->frame);
  AVOW_AWAIT(&me->frame, avow_sleep(me->loop, 10));
  AVOW_AWAIT(&me->frame, avow_sleep(me->loop, 10));
  AVOW_END;
}

#ifndef AVOW_NO_ASYNC
static avow_value_t wait_for(void *p) {
  return avow_await(p);
}

static avow_promise_t *start_waiting(uv_loop_t *loop, avow_promise_t *p) {
  return avow_async(loop, wait_for, p);
}
#else
static avow_promise_t *start_waiting(uv_loop_t *loop, avow_promise_t *p) {
  return avow_then(p, NULL, NULL, NULL);
}
#endif

/* Remotes, sleeps and functions that await a sleep. Two are late, two fail. */
static avow_promise_t *fan_out(uv_loop_t *loop) {
  avow_promise_t *ps[7];
  for (int i = 0; i < REMOTES; i++)
    ps[i] = avow_remote_new(loop, &remotes[i]);
  ps[3] = avow_timeout(avow_sleep(loop, 50), 20);
  ps[4] = start_waiting(loop, avow_sleep(loop, 10));
  ps[5] = avow_timeout(start_waiting(loop, avow_sleep(loop, 50)), 20);
  ps[6] = avow_then(avow_sleep(loop, 5), follow_next, NULL, loop);
  return avow_then(avow_all_settled(loop, ps, 7), pass, NULL, NULL);
}

static avow_promise_t *others(uv_loop_t *loop, twice_t *twice, int *left) {
  avow_promise_t *race[] = { avow_sleep(loop, 1), avow_sleep(loop, 2) };
  avow_promise_t *ps[] = {
    avow_cancel_losers(avow_race(loop, race, 2)),
    avow_stackless(loop, sleep_twice, &twice->frame),
    avow_repeat(loop, steps, left),
    avow_catch(avow_promise_reject(loop, avow_error(UV_EIO)), go_on, NULL),
  };
  return avow_all(loop, ps, 4);
}

static void run(uv_loop_t *loop) {
  twice_t twice = { .loop = loop };
  int left = 3;
  avow_promise_t *const both[] = { fan_out(loop), others(loop, &twice, &left) };
  uv_thread_t thread;
  if (uv_thread_create(&thread, settle_remotes, NULL) != 0)
    settle_remotes(NULL);
  else
    (void) uv_thread_join(&thread); /* the thread is valid */
  avow_value_unref(avow_run(avow_all(loop, both, 2)));
}

int main(void) {
  const avow_options_t options = { .clock = AVOW_CLOCK_BY_ITSELF,
                                   .slow_us = UINT_MAX };
  uv_loop_t *loop = uv_default_loop();
  if (avow_loop_init(loop, &options) != 0)
    return 2;
  avow_promise_t *before = start_waiting(loop, avow_sleep(loop, 15));
  avow_promise_t *behind = start_waiting(loop, avow_sleep(loop, 5000));
  const int err = avow_trace_start(loop, stdout);
  run(loop);
  const int lost = avow_trace_stop(loop);
  avow_unref(before);
  avow_unref(behind);
  if (err == UV_ENOTSUP)
    (void) puts("[]"); /* trace.py expects this */
  if (avow_loop_close(loop) != 0 || uv_loop_close(loop) != 0)
    return 3;
  return err != 0 && err != UV_ENOTSUP ? 4 : lost != err ? 5 : 0;
}
