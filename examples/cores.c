/* SPDX-License-Identifier: MIT */
/*
 * An echo server on all cores. Each core runs a loop, and the connections are
 * distributed among them. After a signal the server accepts no more
 * connections, and existing ones have five seconds to end. See cores --help.
 */
#include <avow.h>
#include <avow/loops.h>
#include <avow/pump.h>
#include <stdio.h>

#include "options.h"
#include "program.h"

enum { GRACE = 5000 }; /* ms */

static uint64_t most_clients = 1000;
static uint64_t patience = 600000;

static const option_t options[] = {
  { "clients", "N", "limit of clients on each core; others wait (1000)",
    .number = &most_clients, .min = 1, .max = 100000 },
  { "timeout", "MS", "timeout of each client (600000)", .number = &patience,
    .min = 1, .max = 9999999 },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "[PORT]",
  .most = 1,
  .about =
      "Runs an echo server on all cores. The server listens on PORT of\n"
      "the loopback interface, 7000 by default. With PORT 0, the system\n"
      "chooses a free port. SIGINT or SIGTERM ends the server.",
  .options = options,
  .status = "0 after a signal, 1 if it cannot serve or had to end a connection",
  .example = "7000",
};

/* Runs on the thread of the connection's loop. The connection is closed when
   the promise settles. */
static avow_value_t echo(const avow_value_t *connection, void *data) {
  const avow_stream_t stream = avow_to_stream(connection);
  return avow_follow(avow_timeout(avow_pump(stream, stream, NULL), patience));
}

static bool announce(const avow_value_t *server) {
  const uv_stream_t *stream = avow_stream_handle(avow_to_stream(server));
  const int port = avow_local_address((const uv_handle_t *) stream).port;
  printf("echo at 127.0.0.1:%d, to try it: nc 127.0.0.1 %d\n", port, port);
  return program_flush(); /* a program may wait for this line */
}

/* Waits for a signal, or until the server fails. */
static void wait_for_end(uv_loop_t *loop, avow_promise_t *interrupted,
                         const avow_promise_t *served) {
  avow_promise_t *ends[] = { interrupted, avow_ref(served) };
  avow_value_unref(avow_run(avow_cancel_losers(avow_race(loop, ends, 2))));
}

/* Returns the exit status. Takes ownership of the server. */
static int serve(uv_loop_t *loop, avow_loops_t *loops, avow_value_t server) {
  const avow_loops_listen_options_t each = { .concurrency =
                                                 (size_t) most_clients };
  avow_promise_t *served =
      avow_loops_listen(loops, avow_value_ref(&server), echo, NULL, &each);
  avow_promise_t *interrupted = program_interrupted(loop);
  if (announce(&server))
    wait_for_end(loop, interrupted, served);
  else /* program_end() reports it */
    program_forget(interrupted);
  avow_unref(avow_close(avow_to_stream(&server)));
  const avow_value_t end = avow_run(avow_timeout(served, GRACE));
  avow_value_unref(server);
  return avow_is_error(&end) ? program_complain(end) : 0;
}

int main(int argc, char *argv[]) {
  size_t n;
  char **port = options_parse(&command_line, argc, argv, &n);
  const char *service = options_port(n > 0 ? port[0] : "7000");
  uv_loop_t *loop = program_begin();
  const avow_value_t server = avow_run(avow_bind(loop, "127.0.0.1", service));
  if (avow_is_error(&server))
    return program_end(loop, program_complain(server));
  avow_loops_t *loops = avow_loops_new(0);
  const int status = serve(loop, loops, server);
  avow_value_unref(avow_run(avow_loops_close(loops, loop)));
  return program_end(loop, status);
}
