/* SPDX-License-Identifier: MIT */
/*
 * Writes a trace of a small fan-out, which about:tracing and similar tools
 * show. See timeline --help.
 */
#include <avow.h>
#include <avow/trace.h>
#include <stdio.h>

#include "options.h"
#include "program.h"

static const command_line_t command_line = {
  .operands = "",
  .about =
      "Writes a trace of requests to four servers. One server does not\n"
      "exist, and one is too slow. The trace is empty unless avow was\n"
      "built with -Dtrace=true.",
  .status = "0",
  .example = ">fan-out.json",
};

/* Delays of a simulated server in ms. 0 in connect: the connection is
   refused. */
typedef struct {
  uv_loop_t *loop;
  unsigned connect, think;
} server_t;

static avow_value_t ask(void *data) {
  const server_t *server = data;
  if (server->connect == 0)
    return avow_error(UV_ECONNREFUSED);
  avow_value_t v = avow_await(avow_sleep(server->loop, server->connect));
  if (avow_is_error(&v))
    return v;
  v = avow_await(avow_sleep(server->loop, server->think));
  return avow_is_error(&v) ? v : avow_int(server->think);
}

/* Simulates parsing, which takes 1.5 ms. */
static avow_value_t parse(const avow_value_t *answer, void *data) {
  const uint64_t began = uv_hrtime();
  while (uv_hrtime() - began < 1500000)
    ; /* busy */
  return avow_value_ref(answer);
}

static avow_value_t count(const avow_value_t *outcomes, void *data) {
  return avow_int((int64_t) avow_list_len(outcomes));
}

static avow_promise_t *ask_all(server_t *servers, size_t n) {
  uv_loop_t *loop = servers[0].loop;
  avow_promise_t *answers[4];
  for (size_t i = 0; i < n; i++) {
    avow_promise_t *answer = avow_async(loop, ask, &servers[i]);
    answer = avow_timeout(answer, 40);
    answers[i] = avow_then(answer, parse, NULL, NULL);
  }
  return avow_then(avow_all_settled(loop, answers, n), count, NULL, NULL);
}

int main(int argc, char *argv[]) {
  size_t n;
  (void) options_parse(&command_line, argc, argv, &n);
  uv_loop_t *loop = program_begin();
  server_t servers[] = { { loop, 5, 10 },
                         { loop, 8, 20 },
                         { loop, 0, 0 },
                         { loop, 15, 90 } };

  const int err = avow_trace_start(loop, stdout);
  avow_value_unref(avow_run(ask_all(servers, 4)));
  const int lost = avow_trace_stop(loop);

  if (err == UV_ENOTSUP)
    (void) puts("[]"); /* an empty trace */
  else if (lost != 0)
    program_fail("cannot write", lost);
  return program_end(loop, 0);
}
