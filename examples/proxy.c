/* SPDX-License-Identifier: MIT */
/*
 * A TCP proxy. Each connection is forwarded to a server. Either side may end
 * its direction and still receive the other. Idle connections are ended. After
 * SIGINT or SIGTERM the proxy accepts no more connections, and the existing
 * ones have time to end. See proxy --help; js/proxy.js is the same program for
 * Node.
 */
#include <avow.h>
#include <avow/auto.h>
#include <stdio.h>

#include "options.h"
#include "program.h"

enum { CHUNK = 64 * 1024 };

static const char *port = "0";
static uint64_t idle = 60000;
static uint64_t grace = 10000;

static const option_t options[] = {
  { "port", "PORT", "port to listen on; 0: any free port (0)", .text = &port },
  { "idle", "MS", "timeout of an idle connection (60000)", .number = &idle,
    .min = 1, .max = 9999999 },
  { "grace", "MS", "time for connections to end after a signal (10000)",
    .number = &grace, .min = 1, .max = 9999999 },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "HOST PORT",
  .least = 2,
  .most = 2,
  .about =
      "Forwards TCP connections to PORT of HOST. The proxy listens on the\n"
      "loopback interface. SIGINT or SIGTERM ends the proxy.",
  .options = options,
  .status = "0 after a signal, 1 if it cannot serve or had to end a connection",
  .example = "--port 8080 example.org 80",
};

static uv_loop_t *loop;
static char **server; /* its host and port */

typedef struct {
  avow_stream_t from;
  avow_stream_t to;
  uint64_t *moved; /* time of the last transfer in either direction */
} way_t;

/* Forwards bytes and then the end. The other direction stays open. */
static avow_value_t carry(void *data) {
  const way_t *way = data;
  for (;;) {
    AVOW_AUTO_VALUE chunk = avow_none();
    AVOW_TRY(avow_await_bytes(avow_read(way->from, CHUNK), &chunk));
    if (avow_is_none(&chunk))
      return avow_await(avow_shutdown(way->to));
    *way->moved = avow_now(loop);
    AVOW_TRY(avow_await_done(avow_write(way->to, avow_steal(&chunk))));
    *way->moved = avow_now(loop);
  }
}

/* Settles when nothing was transferred for too long. */
static avow_value_t watch(void *data) {
  const uint64_t *moved = data;
  for (;;) {
    const uint64_t now = avow_now(loop);
    if (now >= *moved + idle)
      return avow_error_new(UV_ETIMEDOUT, avow_none(), "idle for too long");
    AVOW_TRY(avow_await_done(avow_sleep(loop, *moved + idle - now)));
  }
}

/* Ends when both directions have ended, one fails, or the connection is
   idle. */
static avow_value_t relay(void *connection) {
  AVOW_AUTO_VALUE client = avow_value_ref(connection);
  AVOW_AUTO_VALUE peer = avow_none();
  avow_promise_t *p = avow_connect(loop, server[0], server[1]);
  AVOW_TRY(avow_await_value(avow_timeout(p, idle), &peer));
  const avow_stream_t ends[] = { avow_to_stream(&client),
                                 avow_to_stream(&peer) };
  uint64_t moved = avow_now(loop);
  way_t there = { ends[0], ends[1], &moved },
        back = { ends[1], ends[0], &moved };
  avow_promise_t *const ways[] = { avow_async(loop, carry, &there),
                                   avow_async(loop, carry, &back) };
  avow_promise_t *const first[] = { avow_join_losers(avow_all(loop, ways, 2)),
                                    avow_async(loop, watch, &moved) };
  return avow_await(avow_join_losers(avow_race(loop, first, 2)));
}

/* Connections that are cut off at the end are not reported here, because
   serve() reports that once. */
static avow_value_t complain(const avow_value_t *reason, void *data) {
  if (avow_error_code(reason) != UV_ECANCELED)
    (void) program_complain(avow_value_ref(reason));
  return avow_none();
}

/* The function takes its own reference before this call returns. */
static avow_value_t accept_one(const avow_value_t *connection, void *data) {
  avow_value_t borrowed = *connection;
  avow_promise_t *p = avow_async(loop, relay, &borrowed);
  return avow_follow(avow_catch(p, complain, NULL));
}

static avow_value_t serve(void *data) {
  const avow_map_options_t each = { .kind = AVOW_ALL_SETTLED };
  AVOW_AUTO_VALUE listener = avow_none();
  AVOW_TRY(avow_await_value(avow_bind(loop, "127.0.0.1", port), &listener));
  uv_stream_t *stream = avow_stream_handle(avow_to_stream(&listener));
  AVOW_AUTO_CHANNEL connections = avow_connections(stream, NULL);
  AVOW_AUTO_PROMISE served = avow_each(connections, accept_one, NULL, &each);
  AVOW_AUTO_PROMISE interrupted = program_interrupted(loop);
  const int at = avow_local_address((const uv_handle_t *) stream).port;
  printf("proxy at 127.0.0.1:%d, to try it: nc 127.0.0.1 %d\n", at, at);
  if (!program_flush()) /* program_end() reports the error */
    return avow_none();
  AVOW_TRY(avow_await_done(avow_promise_steal(&interrupted)));
  AVOW_TRY(avow_await_done(avow_close(avow_to_stream(&listener))));
  return avow_await(avow_timeout(avow_promise_steal(&served), grace));
}

int main(int argc, char *argv[]) {
  size_t n;
  server = options_parse(&command_line, argc, argv, &n);
  (void) options_port(port);
  (void) options_port(server[1]);
  loop = program_begin();
  const avow_value_t end = avow_run(avow_async(loop, serve, NULL));
  return program_end(loop, avow_is_error(&end) ? program_complain(end) : 0);
}
