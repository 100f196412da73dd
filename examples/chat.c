/*
 * Whatever a client says comes to all of them, until SIGINT or SIGTERM: then
 * each gets what it was owed and a goodbye. See chat --help.
 *
 * A client is a group of what runs for it: one function hears its lines, one
 * says what is in its outbox, and each line on its way into that is a child as
 * well. When one of them fails the others are cancelled, and when the last has
 * ended the connection closes. A client that does not read its lines holds up
 * who sends them, but not for long: then its group fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "program.h"
#include "text.h"

static const command_line_t command_line = {
  .operands = "[PORT]",
  .most = 1,
  .about =
      "A server on loopback: each line that a client says comes to all of "
      "them. SIGINT or\nSIGTERM ends it with a goodbye to each. PORT is "
      "any that is free unless given.",
  .status = "0 after a signal, 1 if it cannot serve",
  .example = "7001",
};

enum {
  LINE = 1000,     /* bytes of what a client says at once */
  ROOM = 64,       /* lines in an outbox */
  PATIENCE = 1000, /* ms for an outbox to have room */
  GRACE = 2000,    /* ms for all outboxes to be emptied, at the end */
};

typedef struct {
  uv_loop_t *loop;
  const char *service;
  avow_promise_t *stop;
  struct client_s *clients; /* those who hear what is said */
  unsigned came;
} chat_t;

typedef struct client_s {
  chat_t *chat;
  struct client_s *next;
  struct client_s **link; /* to this one */
  avow_value_t stream;
  avow_channel_t *outbox;
  avow_group_t *group;
  unsigned number;
} client_t;

static bool is_over(const chat_t *chat) {
  return avow_state(chat->stop) != AVOW_PENDING;
}

static avow_promise_t *tell(client_t *client, avow_value_t line) {
  avow_promise_t *p = avow_channel_send(client->outbox, line);
  p = avow_timeout(p, PATIENCE);
  avow_group_add(client->group, avow_ref(p));
  return p;
}

/* NONE when all have taken it, or have been given up. */
static avow_promise_t *tell_all(chat_t *chat, avow_value_t line) {
  avow_gather_t *told = avow_gather_new(chat->loop, AVOW_ALL_SETTLED);
  for (client_t *client = chat->clients; client != NULL; client = client->next)
    avow_gather_add(told, tell(client, avow_value_ref(&line)));
  avow_value_unref(line);
  return avow_gather_end(told);
}

/* BYTES: a line of the client's or, without a text, about it. Nobody gives
   orders to the terminals of the others. */
static avow_value_t line_of(const client_t *client, const char *news,
                            const char *text) {
  char *line = NULL;
  size_t len = 0;
  FILE *to = open_memstream(&line, &len);
  if (to == NULL)
    return avow_error(UV_ENOMEM);
  fprintf(to, "%sguest %u%s", text ? "" : "* ", client->number, news);
  (void) text_print(to, text != NULL ? text : "", TEXT_WHOLE);
  fprintf(to, "\n");
  const bool fine = fclose(to) == 0;
  const avow_value_t v = fine ? avow_bytes(line, len) : avow_error(UV_ENOMEM);
  free(line);
  return v;
}

static void join(client_t *client) {
  chat_t *chat = client->chat;
  client->number = ++chat->came;
  client->next = chat->clients;
  client->link = &chat->clients;
  if (client->next != NULL)
    client->next->link = &client->next;
  chat->clients = client;
  avow_unref(tell_all(chat, line_of(client, " has come", NULL)));
}

/* The last words are in the outbox before it ends. */
static avow_value_t leave(void *data) {
  client_t *client = data;
  chat_t *chat = client->chat;
  *client->link = client->next;
  if (client->next != NULL)
    client->next->link = client->link;
  if (!is_over(chat))
    avow_unref(tell_all(chat, line_of(client, " has gone", NULL)));
  avow_unref(tell(client, avow_string("* goodbye\n")));
  avow_channel_end(client->outbox);
  avow_group_close(client->group);
  return avow_none();
}

static avow_value_t await_line(client_t *client, avow_reader_t *reader) {
  avow_promise_t *p = avow_reader_line(reader, LINE);
  return avow_await(avow_until(p, client->chat->stop));
}

static avow_value_t hear(void *data) {
  client_t *client = data;
  avow_reader_t *reader = avow_reader_new(avow_to_stream(&client->stream));
  avow_value_t v = await_line(client, reader);
  while (v.tag == AVOW_BYTES && !is_over(client->chat)) { /* some have left */
    const avow_value_t line = line_of(client, ": ", avow_to_bytes(&v, NULL));
    avow_value_unref(v);
    v = avow_await(tell_all(client->chat, line));
    if (avow_is_error(&v))
      break; /* it was cancelled */
    avow_value_unref(v);
    v = await_line(client, reader);
  }
  avow_reader_unref(reader);
  if (avow_error_code(&v) == UV_EMSGSIZE)
    avow_unref(tell(client, avow_string("* that line is too long\n")));
  avow_value_unref(v);
  return avow_none();
}

static avow_value_t say(void *data) {
  client_t *client = data;
  uv_stream_t *stream = avow_to_stream(&client->stream);
  avow_value_t v = avow_await(avow_channel_next(client->outbox));
  while (v.tag == AVOW_BYTES) {
    v = avow_await(avow_write(stream, v));
    if (!avow_is_error(&v))
      v = avow_await(avow_channel_next(client->outbox));
  }
  avow_channel_close(client->outbox); /* nobody need wait for room in it */
  return avow_is_error(&v) ? v : avow_await(avow_shutdown(stream));
}

/* One client, from when it comes until nothing of it is left. */
static avow_value_t serve(void *data) {
  client_t client = *(const client_t *) data;
  uv_loop_t *loop = client.chat->loop;
  client.outbox = avow_channel_new(loop, ROOM);
  avow_promise_t *p = avow_group_new(loop, &client.group);
  join(&client);
  avow_promise_t *hearing = avow_async(loop, hear, &client);
  avow_group_add(client.group, avow_async(loop, say, &client));
  avow_group_add(client.group, avow_finally(hearing, leave, &client));
  const avow_value_t v = avow_await(p);
  if (avow_is_error(&v))
    fprintf(stderr, "%s: guest %u: %s\n", program_name(), client.number,
            avow_error_message(&v));
  avow_value_unref(v);
  avow_channel_unref(client.outbox);
  avow_value_unref(client.stream); /* closes it */
  return avow_none();
}

/* NONE when it is time to stop, or why nobody comes any more. */
static avow_value_t welcome_all(chat_t *chat, avow_channel_t *arrivals,
                                avow_group_t *clients) {
  for (;;) {
    avow_promise_t *p = avow_until(avow_channel_next(arrivals), chat->stop);
    client_t client = { .chat = chat, .stream = avow_await(p) };
    if (is_over(chat)) {
      avow_value_unref(client.stream);
      return avow_none();
    }
    if (avow_is_error(&client.stream))
      return client.stream;
    avow_group_add(clients, avow_async(chat->loop, serve, &client));
  }
}

static bool announce(const avow_value_t *server) {
  const uv_stream_t *stream = avow_to_stream(server);
  const int port = avow_local_address((const uv_handle_t *) stream).port;
  printf("chat at 127.0.0.1:%d, to join: nc 127.0.0.1 %d\n", port, port);
  return program_flush(); /* whoever waits for it may read a pipe */
}

static avow_value_t run(void *data) {
  chat_t *chat = data;
  const avow_value_t server =
      avow_await(avow_bind(chat->loop, "127.0.0.1", chat->service));
  if (avow_is_error(&server))
    return server;
  avow_group_t *clients;
  avow_promise_t *p = avow_group_new(chat->loop, &clients);
  avow_channel_t *arrivals = avow_listen(avow_to_stream(&server), NULL);
  avow_value_t v = avow_none(); /* program_end() looks at what was not said */
  if (announce(&server))        /* from now on nobody is refused */
    v = welcome_all(chat, arrivals, clients);
  avow_channel_unref(arrivals);
  avow_value_unref(server);
  avow_group_close(clients);
  avow_value_unref(avow_await(avow_timeout(p, GRACE)));
  return v;
}

int main(int argc, char *argv[]) {
  size_t n;
  char **port = options_parse(&command_line, argc, argv, &n);
  chat_t chat = { .service = options_port(n > 0 ? port[0] : "0") };
  chat.loop = program_begin();
  chat.stop = program_interrupted(chat.loop);
  const avow_value_t v = avow_run(avow_async(chat.loop, run, &chat));
  program_forget(chat.stop);
  const int status = avow_is_error(&v) ? program_complain(v) : 0;
  return program_end(chat.loop, status);
}
