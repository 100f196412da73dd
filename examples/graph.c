/* SPDX-License-Identifier: MIT */
/*
 * Prints the live promises of a small fan-out as a graph for Graphviz. See
 * graph --help.
 */
#include <avow.h>
#include <avow/trace.h>
#include <stdio.h>

#include "options.h"
#include "program.h"

static const command_line_t command_line = {
  .operands = "",
  .about =
      "Prints the promises of a running fan-out as a graph for Graphviz.\n"
      "A build with -Dtrace=true also shows where each promise was made.",
  .status = "0",
  .example = "| dot -Tsvg >promises.svg",
};

static avow_promise_t *named(avow_promise_t *p, const char *name) {
  avow_promise_set_name(p, name);
  return p;
}

/* Waits for the session, which says who the user is. */
static avow_value_t ask_user(void *session) {
  return avow_await(session);
}

/* Simulates a server that did not answer: the request is repeated after a
   pause. */
static avow_value_t ask_weather(void *loop) {
  avow_value_t v = avow_await(avow_sleep(loop, 500));
  return avow_is_error(&v) ? v : avow_string("sunny");
}

static avow_value_t parse(const avow_value_t *answer, void *data) {
  return avow_value_ref(answer);
}

static avow_value_t render(const avow_value_t *outcomes, void *data) {
  return avow_none();
}

/* A page with three parts. Two of them wait for the same promise. */
static avow_promise_t *start(uv_loop_t *loop, avow_promise_t *session) {
  avow_promise_t *user = avow_async(loop, ask_user, avow_ref(session));
  avow_promise_t *news = avow_then(session, parse, NULL, NULL);
  avow_promise_t *weather = avow_async(loop, ask_weather, loop);
  avow_promise_t *const parts[] = {
    named(user, "user"),
    news,
    named(weather, "weather"),
  };
  avow_promise_t *all = avow_all_settled(loop, parts, 3);
  return avow_then(avow_timeout(all, 1000), render, NULL, NULL);
}

/* The loop has a virtual clock, so that the graph is always the same. */
static uv_loop_t *begin(void) {
  static uv_loop_t loop;
  const avow_options_t options = { .clock = AVOW_CLOCK_BY_ITSELF };
  int err = uv_loop_init(&loop);
  if (err == 0)
    err = avow_loop_init(&loop, &options);
  if (err != 0)
    program_fail("cannot start the loop", err);
  return &loop;
}

int main(int argc, char *argv[]) {
  size_t n;
  (void) options_parse(&command_line, argc, argv, &n);
  uv_loop_t *loop = begin();
  avow_deferred_t *deferred;
  avow_promise_t *session = avow_promise_new(loop, &deferred);
  avow_promise_t *page = start(loop, named(session, "session"));

  avow_value_unref(avow_run(avow_sleep(loop, 120)));
  avow_loop_dump_dot(loop, stdout);

  avow_cancel(page);
  avow_unref(page);
  avow_deferred_drop(deferred);
  return program_end(loop, 0);
}
