/* SPDX-License-Identifier: MIT */
/*
 * Runs programs (see generate.js) on avow and prints the lines that machine.js
 * explains. It shares the statements of the interpreter in
 * test/proof/differential and adds those of canceling. Each program initializes
 * avow on the same loop, with a clock that advances by itself, so programs take
 * no real time.
 *
 * With --stackless, async functions are those of avow_stackless(). With
 * --each, the log is flushed after each program. The first missing log then
 * tells which program ended the process.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avow/retry.h"
#include "now.h"

enum { DONE = 9 /* ends a repeat after too many steps */ };

now_t now;
bool stackless;

static uv_loop_t loop;

/* Statements. */

static void on_canceled(void *data) {
  const record_t *r = data;
  printf("canceled #%d\n", r->id);
}

static void do_new(const line_t *line, frame_t *frame) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(now.loop, &d);
  const int id = ++now.ids;
  avow_on_cancel(d, on_canceled, record(id, line->args[0], line->args[1]));
  place_deferred(line->args[1].n, d);
  store(line->args[0], p, id);
}

static void do_cancel(const line_t *line, frame_t *frame) {
  const avow_promise_t *p = now.promises[line->args[0].n];
  if (p != NULL)
    avow_cancel(p);
}

static void do_shield(const line_t *line, frame_t *frame) {
  avow_promise_t *p = take(line->args[1]);
  if (p != NULL)
    store(line->args[0], avow_shield(p), ++now.ids);
}

static avow_value_t on_step(void *data) {
  return now.fuel == 0 || now.closing ? avow_int(DONE) : on_settled(data);
}

static void do_repeat(const line_t *line, frame_t *frame) {
  record_t *r = record(++now.ids, line->args[1], line->args[1]);
  store(line->args[0], avow_repeat(now.loop, on_step, r), r->id);
}

static void do_retry(const line_t *line, frame_t *frame) {
  const unsigned attempts = (unsigned) line->args[2].n;
  const avow_retry_options_t options = { .attempts = attempts,
                                         .delay = 1,
                                         .max_delay = 1,
                                         .exact = true };
  record_t *r = record(++now.ids, line->args[1], line->args[1]);
  store(line->args[0], avow_retry(now.loop, on_settled, r, &options), r->id);
}

/* Calls a function in a round of its own, without a line in the log. */
static avow_value_t on_round(const avow_value_t *arg, void *data) {
  const record_t *r = data;
  frame_t frame = { .arg = NULL };
  if (r->first.kind == 'f' && !now.closing)
    avow_value_unref(run(&now.program.function[r->first.n], &frame));
  return avow_none();
}

static void do_round(const line_t *line, frame_t *frame) {
  const operand_t none = { 0 };
  avow_promise_t *p = avow_promise_resolve(now.loop, avow_none());
  for (int i = 1; i < line->args[0].n; i++)
    p = avow_then(p, on_round, NULL, record(i, none, none));
  record_t *r = record(0, line->args[1], none);
  avow_unref(avow_then(p, on_round, NULL, r));
}

static void do_sleep(const line_t *line, frame_t *frame) {
  avow_promise_t *p = avow_sleep(now.loop, (uint64_t) line->args[1].n);
  store(line->args[0], p, ++now.ids);
}

static const op_fn statements[OPS] = {
  [OP_CANCEL] = do_cancel, [OP_NEW] = do_new,     [OP_REPEAT] = do_repeat,
  [OP_RETRY] = do_retry,   [OP_ROUND] = do_round, [OP_SHIELD] = do_shield,
  [OP_SLEEP] = do_sleep,
};

/* Programs. */

static void snapshot(void) {
  putchar('=');
  for (int i = 0; i < MAX_SLOTS; i++) {
    const avow_promise_t *p = now.promises[i];
    if (p == NULL)
      continue;
    printf(" p%d#%d=", i, id_of(p));
    if (avow_state(p) == AVOW_PENDING)
      putchar('?');
    else
      show(avow_result(p), 2);
  }
  putchar('\n');
}

/* Runs the loop until it is idle, unless the program closes it first. */
static void run_steps(void) {
  for (int i = 0; i < now.program.steps; i++) {
    frame_t frame = { .arg = NULL };
    avow_value_unref(run(&now.program.step[i], &frame));
    if (now.program.mode != 'c' || i < now.program.steps - 1)
      (void) uv_run(&loop, UV_RUN_DEFAULT);
    snapshot();
  }
}

static bool is_ours(const uv_handle_t *handle) {
  return false;
}

static void end(void) {
  puts("close");
  now.closing = true;
  now.fuel = INT_MAX;
  const int err = avow_loop_close(&loop);
  if (err != 0)
    printf("avow_loop_close: %s\n", uv_err_name(err));
  snapshot();
  now.over = true;
  release_objects();
  free_records();
  show_left(&loop, is_ours);
}

/* Losing a rejection is no misuse here, so nothing is printed. */
static void on_unhandled(uv_loop_t *on, const avow_value_t *reason,
                         const char *where, void *data) {
}

static void begin(void) {
  memset(&now.promises, 0, sizeof(now) - offsetof(now_t, promises));
  now.fuel = FUEL;
  const avow_options_t options = { .on_unhandled = on_unhandled,
                                   .budget_us = UINT_MAX,
                                   .slow_us = UINT_MAX,
                                   .stack_size = STACK,
                                   .clock = AVOW_CLOCK_BY_ITSELF };
  if (avow_loop_init(&loop, &options) != 0)
    abort();
}

int main(int argc, char **argv) {
  bool each = false;
  for (int i = 1; i < argc; i++) {
    each |= strcmp(argv[i], "--each") == 0;
    stackless |= strcmp(argv[i], "--stackless") == 0;
  }
  now.loop = &loop;
  now.own = statements;
  if (count_blocks() != 0 || uv_loop_init(&loop) != 0)
    return 2;
  while (program_read(&now.program)) {
    printf("program %d\n", now.program.index);
    begin();
    run_steps();
    end();
    if (each)
      (void) fflush(stdout); /* the last call reports errors */
  }
  return uv_loop_close(&loop) == 0 && fflush(stdout) == 0 ? 0 : 1;
}
