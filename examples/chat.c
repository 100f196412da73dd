/* SPDX-License-Identifier: MIT */
/*
 * Sends each line of a client to all clients, until SIGINT or SIGTERM arrives.
 * Each client then receives the lines that are still buffered for it, and a
 * goodbye. See chat --help.
 *
 * Everything that runs for a client belongs to a group. One function receives
 * its lines, another one sends its outbox, and each line on its way there is a
 * child as well. If one of them fails, the others are canceled. When the last
 * one has ended, the connection is closed. A client that does not read its
 * lines delays the senders only briefly, because its group then fails. The cost
 * of a line grows with the number of clients, so that number is limited. Other
 * clients get a message and are disconnected.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "program.h"
#include "text.h"

static uint64_t most_clients = 100;
static uint64_t patience = 600000;
static const char *path;

static const option_t options[] = {
  { "clients", "N", "limit of clients at a time; others are refused (100)",
    .number = &most_clients, .min = 1, .max = 10000 },
  { "timeout", "MS", "timeout of an idle client (600000)", .number = &patience,
    .min = 1, .max = 9999999 },
  { "unix", "PATH", "listen on this socket instead of a port, for this user",
    .text = &path },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "[PORT]",
  .most = 1,
  .about =
      "Runs a chat server on the loopback interface. The server sends\n"
      "each line of a client to all clients. Without PORT, the system\n"
      "chooses a free port. SIGINT or SIGTERM ends the server, which then\n"
      "says goodbye to each client.",
  .options = options,
  .status = "0 after a signal, 1 if it cannot serve",
  .example = "7001",
};

enum {
  LINE = 1000,    /* bytes in one line of a client */
  ROOM = 64,      /* lines in an outbox */
  HOLD_UP = 1000, /* ms that a full outbox may delay a sender */
  GRACE = 2000,   /* ms to empty all outboxes at the end */
  AT_DOOR = 100,  /* clients that may be turned away at a time */
};

typedef struct {
  uv_loop_t *loop;
  const char *service;
  avow_promise_t *stop;
  struct client_s *clients; /* clients that receive lines */
  unsigned came;
  uint64_t here;
} chat_t;

typedef struct client_s {
  chat_t *chat;
  struct client_s *next;
  struct client_s **link; /* the pointer to this one */
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
  p = avow_timeout(p, HOLD_UP);
  avow_group_add(client->group, avow_ref(p));
  return p;
}

/* NONE once all clients have taken the line or failed. */
static avow_promise_t *tell_all(chat_t *chat, avow_value_t line) {
  avow_gather_t *told;
  avow_promise_t *p = avow_gather_new(chat->loop, AVOW_ALL_SETTLED, &told);
  for (client_t *client = chat->clients; client != NULL; client = client->next)
    avow_gather_add(told, tell(client, avow_value_ref(&line)));
  avow_value_unref(line);
  avow_gather_unref(told);
  return p;
}

/* BYTES: a line of the client or, without a text, a line about it. Control
   characters are escaped, so that a client cannot control the terminals of
   others. */
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

/* The last lines are buffered before the outbox ends. */
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
  avow_group_unref(client->group);
  return avow_none();
}

static avow_value_t await_line(client_t *client, avow_reader_t *reader) {
  avow_promise_t *p = avow_reader_line(reader, LINE);
  p = avow_timeout(p, patience);
  return avow_await(avow_until(p, client->chat->stop));
}

static avow_value_t hear(void *data) {
  client_t *client = data;
  avow_reader_t *reader = avow_reader_new(avow_to_stream(&client->stream));
  avow_value_t v = await_line(client, reader);
  /* Once the chat is over, other clients may have left the list. */
  while (v.tag == AVOW_BYTES && !is_over(client->chat)) {
    const avow_value_t line = line_of(client, ": ", avow_to_bytes(&v, NULL));
    avow_value_unref(v);
    v = avow_await(tell_all(client->chat, line));
    if (avow_is_error(&v))
      break; /* it was canceled */
    avow_value_unref(v);
    v = await_line(client, reader);
  }
  avow_reader_unref(reader);
  if (avow_error_code(&v) == UV_EMSGSIZE)
    avow_unref(tell(client, avow_string("* that line is too long\n")));
  if (avow_is_timeout(&v))
    avow_unref(tell(client, avow_string("* you have said nothing\n")));
  avow_value_unref(v);
  return avow_none();
}

static avow_value_t say(void *data) {
  client_t *client = data;
  const avow_stream_t stream = avow_to_stream(&client->stream);
  avow_value_t v = avow_await(avow_channel_next(client->outbox));
  while (v.tag == AVOW_BYTES) {
    v = avow_await(avow_timeout(avow_write(stream, v), patience));
    if (!avow_is_error(&v))
      v = avow_await(avow_channel_next(client->outbox));
  }
  avow_channel_close(client->outbox); /* senders no longer wait for capacity */
  return avow_is_error(&v) ? v : avow_await(avow_shutdown(stream));
}

/* Serves one client until its connection is closed. */
static avow_value_t serve(void *data) {
  client_t client = *(const client_t *) data;
  uv_loop_t *loop = client.chat->loop;
  client.stream = avow_value_ref(&client.stream);
  client.chat->here++;
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
  client.chat->here--;
  return avow_none();
}

static avow_value_t welcome(const avow_value_t *stream, void *data) {
  chat_t *chat = data;
  client_t client = { .chat = chat, .stream = *stream };
  if (chat->here < most_clients)
    return avow_follow(avow_async(chat->loop, serve, &client));
  avow_promise_t *p = avow_write(avow_to_stream(stream),
                                 avow_string("* no room, come again later\n"));
  return avow_follow(avow_timeout(p, HOLD_UP));
}

static avow_promise_t *bind_server(const chat_t *chat) {
  const avow_bind_path_options_t ours = { .mode = 0600, .takes_over = true };
  return path != NULL ? avow_bind_path(chat->loop, path, &ours)
                      : avow_bind(chat->loop, "127.0.0.1", chat->service);
}

static bool announce(const uv_stream_t *stream) {
  const int port = avow_local_address((const uv_handle_t *) stream).port;
  if (path != NULL)
    printf("chat at %s, to join: nc -U %s\n", path, path);
  else
    printf("chat at 127.0.0.1:%d, to join: nc 127.0.0.1 %d\n", port, port);
  return program_flush(); /* a program that waits for this line may read from a
                             pipe */
}

/* NONE after a signal, or the reason why no connections arrive. A connection
   that cannot be accepted is skipped. */
static avow_value_t welcome_all(chat_t *chat, uv_stream_t *server,
                                const avow_channel_t *arrivals) {
  const avow_map_options_t each = { .concurrency =
                                        (size_t) most_clients + AT_DOOR,
                                    .kind = AVOW_ALL_SETTLED };
  avow_promise_t *served = avow_each(arrivals, welcome, chat, &each);
  avow_promise_t *const ends[] = { avow_ref(chat->stop), avow_ref(served) };
  avow_value_unref(avow_await(avow_race(chat->loop, ends, 2)));
  avow_channel_close(arrivals);
  avow_unref(avow_close_handle((uv_handle_t *) server));
  const avow_value_t v = avow_await(avow_timeout(served, GRACE));
  if (!avow_is_timeout(&v))
    return v;
  avow_value_unref(v);
  return avow_none();
}

static avow_value_t run(void *data) {
  chat_t *chat = data;
  const avow_value_t server = avow_await(bind_server(chat));
  if (avow_is_error(&server))
    return server;
  uv_stream_t *stream = avow_stream_handle(avow_to_stream(&server));
  avow_channel_t *arrivals = avow_connections(stream, NULL);
  avow_value_t v = avow_none(); /* program_end() reports a failed
                                   announcement */
  if (announce(stream))         /* from now on, clients can connect */
    v = welcome_all(chat, stream, arrivals);
  avow_channel_unref(arrivals);
  avow_value_unref(server);
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
