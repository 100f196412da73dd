/* SPDX-License-Identifier: MIT */
/*
 * Sends reminders to its clients: "300 tea" is answered with "tea" after 300
 * ms, several at a time. A client that requests too many at once, or does not
 * read its reminders, is disconnected. Each line of the log begins with a
 * visitor's number and the number of a reminder. The functions do not pass
 * these numbers on as arguments.
 */
#include <avow.h>
#include <avow/auto.h>
#include <avow/local.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "program.h"
#include "text.h"

enum { LINE = 80, LONGEST = 3600000, GRACE = 1000 };

enum { MOST = 100 }; /* reminders of one client at a time */

static const char *port = "7002";

static const option_t options[] = {
  { "port", "PORT", "port to listen on; 0: any free port (7002)",
    .text = &port },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "",
  .about =
      "Runs a server that sends reminders. If a client sends \"300 tea\",\n"
      "the server answers \"tea\" after 300 milliseconds. SIGINT or SIGTERM\n"
      "ends the server.",
  .options = options,
  .status = "0 after a signal, 1 if it cannot serve",
  .example = "--port 7002",
};

static const avow_local_t request = { .name = "request" };

static uv_loop_t *loop;

static void note(const char *what) {
  const avow_value_t *id = avow_local_get(&request);
  printf("[%s] ", avow_is_none(id) ? "server" : avow_to_bytes(id, NULL));
  (void) text_print(stdout, what, TEXT_WHOLE);
  printf("\n");
  (void) program_flush(); /* program_end() reports the error */
}

/* From here on, this function and the functions that it starts have an id: the
   id of its caller and `n`. */
static avow_value_t begin_request(unsigned n) {
  char id[40] = "";
  const avow_value_t *of = avow_local_get(&request);
  if (avow_is_none(of))
    (void) snprintf(id, sizeof(id), "%u", n);
  else
    (void) snprintf(id, sizeof(id), "%s.%u", avow_to_bytes(of, NULL), n);
  return avow_local_set(&request, avow_string(id));
}

typedef struct {
  avow_stream_t client;
  unsigned waiting; /* pending reminders */
} visitor_t;

typedef struct {
  visitor_t *visitor;
  avow_value_t line;
  unsigned n;
} reminder_t;

static avow_value_t say_after(avow_stream_t client, const char *line) {
  char *what = NULL;
  const unsigned long ms = strtoul(line, &what, 10);
  if (what == line || *what != ' ' || ms > LONGEST) {
    note("what is that?");
    return avow_await(avow_write(client, avow_string("so many ms, what\n")));
  }
  note(what + 1);
  AVOW_TRY(avow_await_done(avow_sleep(loop, ms)));
  avow_value_t lines[] = { avow_string(what + 1), avow_string("\n") };
  AVOW_TRY(avow_await_done(avow_write(client, avow_list(lines, 2))));
  note("said");
  return avow_none();
}

static void has_said(void *visitor) {
  ((visitor_t *) visitor)->waiting--;
}

static avow_value_t remind(void *data) {
  const reminder_t *mine = data;
  visitor_t *visitor = mine->visitor; /* it waits for this function */
  AVOW_AUTO_VALUE line = mine->line;
  visitor->waiting++;
  AVOW_AUTO_CALL(has_said, visitor);
  AVOW_TRY(begin_request(mine->n));
  const avow_value_t v = say_after(visitor->client, avow_to_bytes(&line, NULL));
  if (avow_is_error(&v))
    note(avow_error_message(&v));
  return v;
}

/* BYTES: the next line of the client. */
static avow_value_t next_line(const visitor_t *visitor, avow_reader_t *reader) {
  if (visitor->waiting >= MOST)
    return avow_error_new(UV_ENOBUFS, avow_none(), "too many reminders");
  return avow_await(avow_reader_line(reader, LINE));
}

/* Returns when the client has ended its input. */
static avow_value_t listen_to(visitor_t *visitor, const avow_group_t *all) {
  avow_reader_t *reader = avow_reader_new(visitor->client);
  avow_value_t line = next_line(visitor, reader);
  for (unsigned n = 1; line.tag == AVOW_BYTES; n++) {
    reminder_t one = { visitor, line, n };
    avow_group_add(all, avow_async(loop, remind, &one));
    line = next_line(visitor, reader);
  }
  avow_reader_unref(reader);
  return line;
}

static avow_value_t talk(void *connection) {
  static unsigned visitors;
  AVOW_AUTO_VALUE client = avow_value_ref(connection);
  AVOW_TRY(begin_request(++visitors));
  note("is here");
  visitor_t visitor = { .client = avow_to_stream(&client) };
  AVOW_AUTO_GROUP all = NULL;
  avow_promise_t *p = avow_group_new(loop, &all);
  const avow_value_t v = listen_to(&visitor, all);
  if (avow_is_error(&v))
    avow_cancel_with(p, avow_value_ref(&v));
  avow_group_end(all);
  avow_ignore(avow_await(p));
  note(avow_is_error(&v) ? avow_error_message(&v) : "is done");
  return v;
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
  printf("remind at 127.0.0.1:%d, to try it: nc 127.0.0.1 %d\n", at, at);
  if (!program_flush()) /* program_end() reports the error */
    return avow_none();
  AVOW_TRY(avow_await_done(avow_promise_steal(&interrupted)));
  note("ends");
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
