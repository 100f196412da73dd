/* SPDX-License-Identifier: MIT */
/*
 * calls [--verbose] [--threads] MODE FROM TO: random programs of the public
 * interface. Each seed from FROM to TO - 1 makes one program. Without
 * --threads, it is the same in each run of a build. Handlers make calls, too.
 * MODE selects the allocations that fail: 0 none, 1 one, 2 one in 64, 3 all
 * from one on. If a program leaves allocations, hangs or crashes, this process
 * prints the seed and ends.
 *
 * No model predicts the results. The programs find defects that sanitizers,
 * assertions, the check for leaks and the alarm report.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "pool.h"

enum { DEEPEST = 6 };

void one_call(void) {
  static const calls_t *const topics[] = { &promise_calls, &promise_calls,
                                           &channel_calls, &tool_calls,
                                           &stream_calls };
  if (program.left <= 0)
    return;
  program.left--;
  const unsigned topic = any(5);
  const unsigned call = any(topics[topic]->n);
  if (program.verbose)
    (void) fprintf(stderr, "%*s%u.%u\n", 2 * program.depth, "", topic, call);
  topics[topic]->calls[call]();
}

void some_calls(unsigned n) {
  if (program.depth > DEEPEST || program.left <= 0)
    return;
  program.depth++;
  for (n = any(n); n > 0; n--)
    one_call();
  program.depth--;
}

static void on_unhandled(uv_loop_t *loop, const avow_value_t *reason,
                         const char *where, void *data) {
  some_calls(2);
}

static avow_options_t any_options(void) {
  return (avow_options_t){
    .on_unhandled = on_unhandled,
    .budget = any(3) > 0 ? 0 : 1 + any(50),
    .budget_us = 60000000, /* no limit: times differ between runs */
    .slow_us = UINT_MAX,
    .max_stacks = any(2) > 0 ? 1 + any(6) : 0,
    .idle_stacks = any(3),
    .clock = AVOW_CLOCK_BY_ITSELF,
  };
}

static void begin(uint64_t seed, int mode) {
  char text[64];
  (void) snprintf(text, sizeof(text), "mode %d, seed %llu", mode,
                  (unsigned long long) seed);
  announce(text);
  const bool verbose = program.verbose, threads = program.threads;
  memset(&program, 0, sizeof(program));
  program.verbose = verbose;
  program.threads = threads;
  program.random = seed * 0x9E3779B97F4A7C15U + (uint64_t) mode;
  (void) any(2);
  program.left = 60 + (int) any(400);
}

static void fail_memory(int mode) {
  const unsigned nth = 1 + any(any(2) > 0 ? 60 : 900);
  if (mode == 2)
    memory_fail_one_in(64, nth);
  else
    memory_fail(mode == 0 ? 0 : nth, mode == 3);
}

static void run(void) {
  const unsigned iterations = any(12);
  for (unsigned i = 0; i <= iterations && program.left > 0; i++) {
    for (unsigned n = 1 + any(30); n > 0; n--)
      one_call();
    (void) uv_run(&program.loop, UV_RUN_NOWAIT);
  }
}

/* Handlers still make calls while the loop closes. */
static void close_loop(void) {
  if (any(4) == 0) {
    program.left = (int) any(40);
    release_all();
    for (int i = 0; i < 5; i++)
      (void) uv_run(&program.loop, UV_RUN_NOWAIT);
  }
  release_threads_ends();
  program.closing = true;
  program.left = (int) any(30);
  CHECK(avow_loop_close(&program.loop) == 0);
  program.left = 0;
}

static void run_seed(uint64_t seed, int mode) {
  const long before = memory_live();
  begin(seed, mode);
  CHECK(uv_loop_init(&program.loop) == 0);
  const avow_options_t options = any_options();
  CHECK(avow_loop_init(&program.loop, &options) == 0);
  fail_memory(mode);
  run();
  close_loop();
  memory_fail(0, false);
  release_all();
  CHECK(uv_loop_close(&program.loop) == 0);
  CHECK(memory_live() == before);
}

int main(int argc, char *argv[]) {
  for (; argc > 1 && strncmp(argv[1], "--", 2) == 0; argc--, argv++) {
    program.verbose |= strcmp(argv[1], "--verbose") == 0;
    program.threads |= strcmp(argv[1], "--threads") == 0;
  }
  if (argc != 4)
    return 2;
  const int mode = atoi(argv[1]);
  const uint64_t to = strtoull(argv[3], NULL, 10);
  (void) signal(SIGPIPE, SIG_IGN);
  memory_init();
  for (uint64_t seed = strtoull(argv[2], NULL, 10); seed < to; seed++)
    run_seed(seed, mode);
  return 0;
}
