/* SPDX-License-Identifier: MIT */
/*
 * Tells each client how many primes there are below a number. Counting takes
 * long, so the server sends a dot now and then. When a client disconnects,
 * counting for it stops. A client that only ends its sending side, as nc -N
 * does, still gets the answer.
 */
#include <avow.h>
#include <avow/auto.h>
#include <avow/pump.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "options.h"
#include "program.h"

enum { LINE = 20, PORTION = 20000, GRACE = 1000 };

static const char *port = "7001";
static uint64_t beat = 1000;

static const option_t options[] = {
  { "port", "PORT", "port to listen on; 0: any free port (7001)",
    .text = &port },
  { "beat", "MS", "time between two dots (1000)", .number = &beat, .min = 1,
    .max = 99999 },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "",
  .about =
      "Runs a server that counts primes. Each client sends a number, and\n"
      "the server answers with the number of primes below it. SIGINT or\n"
      "SIGTERM ends the server.",
  .options = options,
  .status = "0 after a signal, 1 if it cannot serve",
  .example = "--port 7001",
};

static uv_loop_t *loop;

typedef struct {
  uint64_t limit, at; /* the next number to test */
  uint64_t found;
} count_t;

static bool is_prime(uint64_t n) {
  for (uint64_t i = 2; i * i <= n; i++)
    if (n % i == 0)
      return false;
  return n > 1;
}

/* Counts a portion on a thread of the pool. NONE if there is more to count, INT
   at the end. */
static avow_value_t count_some(void *data) {
  count_t *count = data;
  for (int i = 0; i < PORTION && count->at < count->limit; i++, count->at++)
    count->found += is_prime(count->at) ? 1 : 0;
  return count->at < count->limit ? avow_none()
                                  : avow_int((int64_t) count->found);
}

static avow_value_t count_on(void *count) {
  return avow_follow(avow_work(loop, count_some, count, NULL));
}

/* If the system does not report a hang-up, a failing dot reveals it. */
static avow_value_t if_unknown(const avow_value_t *reason, void *data) {
  return avow_error_code(reason) == UV_ENOTSUP
             ? avow_follow(avow_sleep(loop, UINT32_MAX))
             : avow_value_ref(reason);
}

static bool write_dot(avow_stream_t client) {
  const avow_value_t v = avow_await(avow_write(client, avow_string(".")));
  const bool written = !avow_is_error(&v);
  avow_value_unref(v);
  return written;
}

/* The caller owns `counting`. The timeout covers only a second reference, so it
   does not end the counting. */
static avow_value_t wait_for(avow_promise_t *counting, avow_stream_t client) {
  avow_promise_t *gone = avow_catch(avow_hangup(client), if_unknown, NULL);
  avow_value_t v = avow_none();
  do {
    avow_value_unref(v);
    v = avow_await(avow_until(avow_timeout(avow_ref(counting), beat), gone));
  } while (avow_is_timeout(&v) && write_dot(client));
  avow_cancel(gone);
  avow_unref(gone);
  return v;
}

static avow_value_t answer(avow_stream_t client, uint64_t limit) {
  count_t count = { .limit = limit };
  char text[64];
  avow_promise_t *counting = avow_repeat(loop, count_on, &count);
  const avow_value_t v = wait_for(counting, client);
  avow_cancel(counting);
  avow_ignore(avow_await(counting)); /* until no thread uses count */
  if (avow_is_error(&v)) {
    printf("left at %" PRIu64 "\n", count.at);
    (void) program_flush();
    return v;
  }
  (void) snprintf(text, sizeof(text), "%" PRId64 "\n", avow_to_int(&v));
  return avow_await(avow_write(client, avow_string(text)));
}

static avow_value_t talk(void *connection) {
  AVOW_AUTO_VALUE client = avow_value_ref(connection);
  AVOW_AUTO_VALUE line = avow_none();
  const avow_stream_t stream = avow_to_stream(&client);
  avow_reader_t *reader = avow_reader_new(stream);
  const avow_value_t v =
      avow_await_value(avow_reader_line(reader, LINE), &line);
  avow_reader_unref(reader);
  AVOW_TRY(v);
  uint64_t limit;
  if (line.tag != AVOW_BYTES ||
      !options_number(avow_to_bytes(&line, NULL), 0, INT32_MAX, &limit))
    return avow_await(avow_write(stream, avow_string("a number, please\n")));
  return answer(stream, limit);
}

/* The function takes its own reference before this call returns. */
static avow_value_t begin_to_talk(const avow_value_t *connection, void *data) {
  avow_value_t borrowed = *connection;
  return avow_follow(avow_async(loop, talk, &borrowed));
}

/* A client that disconnected, or was cut off at the end, is not a failure. */
static avow_value_t forgive(const avow_value_t *reason, void *data) {
  return avow_none();
}

static avow_value_t serve(void *data) {
  const avow_map_options_t each = { .kind = AVOW_ALL_SETTLED };
  AVOW_AUTO_VALUE listener = avow_none();
  AVOW_TRY(avow_await_value(avow_bind(loop, "127.0.0.1", port), &listener));
  uv_stream_t *stream = avow_stream_handle(avow_to_stream(&listener));
  AVOW_AUTO_CHANNEL connections = avow_connections(stream, NULL);
  AVOW_AUTO_PROMISE served =
      avow_catch(avow_each(connections, begin_to_talk, NULL, &each), forgive,
                 NULL);
  AVOW_AUTO_PROMISE interrupted = program_interrupted(loop);
  const int at = avow_local_address((const uv_handle_t *) stream).port;
  printf("primes at 127.0.0.1:%d, to try it: nc 127.0.0.1 %d\n", at, at);
  if (!program_flush()) /* program_end() reports the error */
    return avow_none();
  AVOW_TRY(avow_await_done(avow_promise_steal(&interrupted)));
  AVOW_TRY(avow_await_done(avow_close(avow_to_stream(&listener))));
  avow_ignore(avow_await(avow_timeout(avow_promise_steal(&served), GRACE)));
  return avow_none();
}

int main(int argc, char *argv[]) {
  size_t n;
  (void) options_parse(&command_line, argc, argv, &n);
  (void) options_port(port);
  loop = program_begin();
  const avow_value_t end = avow_run(avow_async(loop, serve, NULL));
  return program_end(loop, avow_is_error(&end) ? program_complain(end) : 0);
}
