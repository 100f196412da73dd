/* SPDX-License-Identifier: MIT */
/*
 * Runs programs (see generate.js) on avow and prints the lines that
 * interpret.js explains. Each program initializes avow on the same loop. The
 * log also lists memory and handles that a program leaves behind. V8's log has
 * no such lines, so they count as a difference.
 *
 * The loop has a clock of its own. With the real clock, avow_sleep() counts
 * from the present in a callback of libuv, and from the cached time in a
 * handler (rule 44). On a slow machine, a sleep of a handler could end before
 * an earlier sleep of such a callback. Node counts each sleep from the cached
 * time.
 *
 * With --stackless, async functions are those of avow_stackless(). With
 * --each, the log is flushed after each program. The first missing log then
 * tells which program ended the process.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "now.h"

now_t now;
bool stackless;

typedef enum track_e { UNKNOWN, REPORTABLE, REPORTED } track_t;

typedef struct list_s {
  int items[MAX_IDS];
  int len;
} list_t;

static struct {
  track_t state[MAX_IDS];
  list_t unhandled, late;
} tracked;

static uv_loop_t loop;
static uv_timer_t timer;
static uv_async_t async;

/* Rejections: HostPromiseRejectionTracker, and the reports when the queue is
   empty. */

static int tracked_id(const avow_promise_t *p) {
  const int id = now.making != 0 ? now.making : id_of(p);
  now.addresses[id] = p;
  now.making = 0;
  return id;
}

static void on_reject(uv_loop_t *on, const avow_promise_t *p, void *data) {
  if (now.over)
    return;
  const int id = tracked_id(p);
  printf("R %d\n", id);
  tracked.state[id] = REPORTABLE;
  tracked.unhandled.items[tracked.unhandled.len++] = id;
}

static void on_handle(uv_loop_t *on, const avow_promise_t *p, void *data) {
  if (now.over)
    return;
  const int id = id_of(p);
  printf("H %d\n", id);
  if (tracked.state[id] == REPORTED)
    tracked.late.items[tracked.late.len++] = id;
  tracked.state[id] = UNKNOWN;
}

/* avow's own report depends on references, which JavaScript lacks. */
static void on_unhandled(uv_loop_t *on, const avow_value_t *reason,
                         const char *where, void *data) {
}

static void report_unhandled(int id) {
  if (tracked.state[id] != REPORTABLE)
    return;
  tracked.state[id] = REPORTED;
  printf("U %d\n", id);
  frame_t frame = { .arg = NULL };
  avow_value_unref(run(&now.program.on_unhandled, &frame));
}

/* Returns true if there was anything to report. */
static bool report(void) {
  const list_t late = tracked.late, unhandled = tracked.unhandled;
  tracked.late.len = tracked.unhandled.len = 0;
  for (int i = 0; i < late.len; i++)
    printf("L %d\n", late.items[i]);
  for (int i = 0; i < unhandled.len; i++)
    report_unhandled(unhandled.items[i]);
  return late.len + unhandled.len > 0;
}

/* Iterations of the loop. */

static void step(const body_t *body) {
  frame_t frame = { .arg = NULL };
  avow_value_unref(run(body, &frame));
}

static void on_timer(uv_timer_t *handle) {
  step(handle->data);
}

static void on_async(uv_async_t *handle) {
  step(handle->data);
}

static avow_value_t on_job(const avow_value_t *arg, void *data) {
  step(data);
  return avow_none();
}

static void start_timer(body_t *body) {
  timer.data = body;
  (void) uv_timer_start(&timer, on_timer, 0, 0); /* it has a callback */
}

static void start_poll(body_t *body) {
  async.data = body;
  uv_ref((uv_handle_t *) &async);
  (void) uv_async_send(&async);      /* fails only on closed handles */
  (void) uv_run(&loop, UV_RUN_ONCE); /* run_steps() runs the rest */
  uv_unref((uv_handle_t *) &async);
}

static void start_job(body_t *body) {
  avow_promise_t *p = avow_promise_resolve(&loop, avow_none());
  avow_unref(avow_then(p, on_job, NULL, body));
}

static void start(body_t *body) {
  switch (now.program.mode) {
  case 't':
    start_timer(body);
    break;
  case 'p':
    start_poll(body);
    break;
  case 'j':
    start_job(body);
    break;
  default:
    step(body);
  }
}

/* Reading a reason handles the rejection, so only the last snapshot does it. */
static void show_outcome(const avow_promise_t *p, bool reasons) {
  const avow_state_t state = avow_state(p);
  if (state == AVOW_PENDING)
    putchar('?');
  else if (state == AVOW_REJECTED && !reasons)
    putchar('!');
  else
    show(avow_result(p), 2);
}

static void snapshot(bool reasons) {
  putchar('=');
  for (int i = 0; i < MAX_SLOTS; i++) {
    const avow_promise_t *p = now.promises[i];
    if (p == NULL)
      continue;
    printf(" p%d#%d=", i, id_of(p));
    show_outcome(p, reasons);
  }
  putchar('\n');
}

static void run_steps(void) {
  for (int i = 0; i < now.program.steps; i++) {
    start(&now.program.step[i]);
    do
      (void) uv_run(&loop, UV_RUN_DEFAULT); /* until the queue is empty */
    while (report());
    snapshot(i == now.program.steps - 1);
  }
}

/* The end of a program. */

static bool is_ours(const uv_handle_t *handle) {
  return handle == (const uv_handle_t *) &timer ||
         handle == (const uv_handle_t *) &async;
}

static void end(void) {
  now.over = true;
  release_objects();
  const int err = avow_loop_close(&loop);
  if (err != 0)
    printf("avow_loop_close: %s\n", uv_err_name(err));
  free_records();
  show_left(&loop, is_ours);
}

static void begin(void) {
  memset(&tracked, 0, sizeof(tracked));
  memset(&now.promises, 0, sizeof(now) - offsetof(now_t, promises));
  now.fuel = FUEL;
  const avow_options_t options = { .on_unhandled = on_unhandled,
                                   .on_reject = on_reject,
                                   .on_handle = on_handle,
                                   .clock = AVOW_CLOCK_BY_ITSELF,
                                   .budget = now.program.budget,
                                   .budget_us = UINT_MAX, /* V8 has no budget */
                                   .slow_us = UINT_MAX,
                                   .stack_size = STACK };
  if (avow_loop_init(&loop, &options) != 0)
    abort();
}

static bool set_up(void) {
  now.loop = &loop;
  if (count_blocks() != 0 || uv_loop_init(&loop) != 0 ||
      uv_timer_init(&loop, &timer) != 0 ||
      uv_async_init(&loop, &async, on_async) != 0)
    return false;
  uv_unref((uv_handle_t *) &async);
  return true;
}

static int tear_down(void) {
  uv_close((uv_handle_t *) &timer, NULL);
  uv_close((uv_handle_t *) &async, NULL);
  (void) uv_run(&loop, UV_RUN_DEFAULT); /* uv_loop_close() checks the result */
  return uv_loop_close(&loop) == 0 && fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
  bool each = false;
  for (int i = 1; i < argc; i++) {
    each |= strcmp(argv[i], "--each") == 0;
    stackless |= strcmp(argv[i], "--stackless") == 0;
  }
  if (!set_up())
    return 2;
  while (program_read(&now.program)) {
    printf("program %d\n", now.program.index);
    begin();
    run_steps();
    end();
    if (each)
      (void) fflush(stdout); /* the last call reports errors */
  }
  return tear_down();
}
