/* SPDX-License-Identifier: MIT */
/*
 * Runs a command and sends its output, line by line, to all clients. Each line
 * is in memory once, with any number of clients. A slow client misses the
 * oldest lines and is told how many. With --every, each client gets only the
 * newest line at intervals.
 */
#include <avow.h>
#include <avow/auto.h>
#include <avow/broadcast.h>
#include <avow/command.h>
#include <avow/stages.h>
#include <avow/watch.h>
#include <stdio.h>

#include "options.h"
#include "program.h"

enum { LINE = 4096, GRACE = 1000 };

static const char *port = "0";
static uint64_t room = 100;
static uint64_t most_clients = 100;
static uint64_t every;
static uint64_t patience = 10000;

static const option_t options[] = {
  { "port", "PORT", "port to listen on; 0: any free port (0)", .text = &port },
  { "room", "N", "lines to buffer for slow clients (100)", .number = &room,
    .min = 1, .max = 100000 },
  { "clients", "N", "limit of clients at a time; others wait (100)",
    .number = &most_clients, .min = 1, .max = 10000 },
  { "every", "MS", "send only the newest line, every MS milliseconds",
    .number = &every, .min = 1, .max = 9999999 },
  { "timeout", "MS", "timeout of a client that reads nothing (10000)",
    .number = &patience, .min = 1, .max = 9999999 },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "COMMAND",
  .least = 1,
  .most = 1,
  .about =
      "Runs the command with sh and sends its output to all clients. The\n"
      "program listens on the loopback interface. It ends when the command\n"
      "ends, or at SIGINT or SIGTERM.",
  .options = options,
  .status = "0, or 1 if it cannot serve or the command failed",
  .example = "'vmstat 1'",
};

static uv_loop_t *loop;
static avow_broadcast_t *lines;
static avow_watch_t *newest;

/* The lines for one client, until they end. */
static avow_channel_t *subscribe(void) {
  if (every == 0)
    return avow_broadcast_subscribe(lines);
  return avow_channel_throttle(avow_watch_subscribe(newest), every,
                               AVOW_EDGE_BOTH);
}

/* BYTES: the line, or the number of lines that the client has missed. */
static avow_value_t words_of(const avow_value_t *item) {
  char text[64];
  if (avow_error_code(item) != AVOW_EMISSED)
    return avow_value_ref(item);
  (void) snprintf(text, sizeof(text), "(%d missed)",
                  (int) avow_to_int(avow_error_cause(item)));
  return avow_string(text);
}

static avow_value_t talk(void *connection) {
  AVOW_AUTO_VALUE client = avow_value_ref(connection);
  if (lines == NULL) /* the command has ended */
    return avow_none();
  AVOW_AUTO_CHANNEL heard = subscribe();
  for (;;) {
    AVOW_AUTO_VALUE item = avow_await(avow_channel_next(heard));
    const avow_value_t words = words_of(&item);
    if (words.tag != AVOW_BYTES) /* the end, or out of memory */
      return words;
    avow_value_t line[] = { words, avow_string("\n") };
    avow_promise_t *p = avow_write(avow_to_stream(&client), avow_list(line, 2));
    AVOW_TRY(avow_await_done(avow_timeout(p, patience)));
  }
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

static void end_reader(void *reader) {
  avow_reader_unref(reader);
}

/* NONE at the end. Sending never waits for capacity, because the oldest line is
   dropped. */
static avow_value_t tell_all(avow_stream_t out) {
  avow_reader_t *reader = avow_reader_new(out);
  AVOW_AUTO_CALL(end_reader, reader);
  for (;;) {
    AVOW_AUTO_VALUE line = avow_await(avow_reader_line(reader, LINE));
    if (line.tag != AVOW_BYTES)
      return avow_value_ref(&line);
    avow_watch_set(newest, avow_value_ref(&line));
    avow_promise_t *p = avow_broadcast_send(lines, avow_value_ref(&line));
    AVOW_TRY(avow_await_done(p));
  }
}

/* INT: 1 if the command failed. Releasing the child ends the command. */
static avow_value_t run_command(void *text) {
  const char *args[] = { "sh", "-c", text, NULL };
  const avow_command_t command = { .args = args,
                                   .inherits =
                                       AVOW_INHERIT_IN | AVOW_INHERIT_ERR,
                                   .group = true };
  AVOW_AUTO_VALUE child = avow_none();
  AVOW_TRY(avow_await_value(avow_command_start(loop, &command), &child));
  AVOW_AUTO_VALUE out = avow_process_stream(&child, 1);
  AVOW_TRY(tell_all(avow_to_stream(&out)));
  AVOW_AUTO_VALUE end = avow_none();
  AVOW_TRY(avow_await_value(avow_process_wait(&child), &end));
  const avow_exit_t *how = avow_to_exit(&end);
  return avow_int(how->status != 0 || how->signal != 0);
}

/* The result of the command, or 0 after a signal. */
static avow_value_t run_until_signal(void *text) {
  avow_promise_t *stop = program_interrupted(loop);
  avow_promise_t *p = avow_async(loop, run_command, text);
  avow_value_t v = avow_await(avow_until(p, stop));
  if (avow_state(stop) != AVOW_PENDING) {
    avow_value_unref(v);
    v = avow_int(0);
  }
  program_forget(stop);
  return v;
}

/* The clients' channels end after the last line. */
static void end_all(void) {
  avow_broadcast_unref(lines);
  avow_watch_unref(newest);
  lines = NULL;
  newest = NULL;
}

static avow_value_t serve(void *text) {
  const avow_map_options_t each = { .kind = AVOW_ALL_SETTLED,
                                    .concurrency = most_clients };
  AVOW_AUTO_VALUE listener = avow_none();
  AVOW_TRY(avow_await_value(avow_bind(loop, "127.0.0.1", port), &listener));
  uv_stream_t *stream = avow_stream_handle(avow_to_stream(&listener));
  AVOW_AUTO_CHANNEL connections = avow_connections(stream, NULL);
  AVOW_AUTO_PROMISE served =
      avow_catch(avow_each(connections, begin_to_talk, NULL, &each), forgive,
                 NULL);
  const int at = avow_local_address((const uv_handle_t *) stream).port;
  printf("relay at 127.0.0.1:%d, to try it: nc 127.0.0.1 %d\n", at, at);
  if (!program_flush()) /* program_end() reports the error */
    return avow_int(0);
  const avow_value_t v = run_until_signal(text);
  end_all();
  avow_ignore(avow_await(avow_close(avow_to_stream(&listener))));
  avow_ignore(avow_await(avow_timeout(avow_promise_steal(&served), GRACE)));
  return v;
}

int main(int argc, char *argv[]) {
  size_t n;
  char **operands = options_parse(&command_line, argc, argv, &n);
  (void) options_port(port);
  const avow_broadcast_options_t slow = { .drops = true };
  loop = program_begin();
  lines = avow_broadcast_new(loop, (size_t) room, &slow);
  newest = avow_watch_new(loop, avow_none());
  const avow_value_t end = avow_run(avow_async(loop, serve, operands[0]));
  end_all();
  return program_end(loop, avow_is_error(&end) ? program_complain(end)
                                               : (int) avow_to_int(&end));
}
