/* SPDX-License-Identifier: MIT */
#include "tally.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINE = 100, TIMEOUT = 30000 };

typedef struct {
  uv_loop_t *loop;
  avow_value_t listener;
  long sum;
} tally_t;

typedef struct {
  tally_t *tally;
  avow_value_t connection;
} client_t;

static avow_value_t send_sum(const client_t *client) {
  char line[LINE];
  (void) snprintf(line, sizeof(line), "%ld\n", client->tally->sum);
  const avow_stream_t stream = avow_to_stream(&client->connection);
  return avow_await(
      avow_timeout(avow_write(stream, avow_string(line)), TIMEOUT));
}

static avow_value_t receive_numbers(const client_t *client,
                                    avow_reader_t *reader) {
  for (;;) {
    avow_promise_t *p = avow_reader_until(reader, avow_string("\n"), LINE);
    const avow_value_t line = avow_await(avow_timeout(p, TIMEOUT));
    if (line.tag != AVOW_BYTES) /* the end or an error */
      return line;
    client->tally->sum += strtol(avow_to_bytes(&line, NULL), NULL, 10);
    avow_value_unref(line);
    AVOW_TRY(send_sum(client));
  }
}

static avow_value_t serve(void *data) {
  const client_t client = *(const client_t *) data;
  const avow_value_t connection = avow_value_ref(&client.connection);
  avow_reader_t *reader = avow_reader_new(avow_to_stream(&connection));
  const avow_value_t v = receive_numbers(&client, reader);
  avow_reader_unref(reader);
  avow_value_unref(connection); /* closes the connection */
  return v;
}

static avow_value_t accept_client(const avow_value_t *connection, void *data) {
  tally_t *tally = data;
  client_t client = { tally, *connection };
  return avow_follow(avow_async(tally->loop, serve, &client));
}

static void tally_free(void *data) {
  tally_t *tally = data;
  avow_value_unref(tally->listener);
  free(tally);
}

avow_promise_t *tally_serve(uv_loop_t *loop, avow_value_t listener) {
  tally_t *tally = malloc(sizeof(*tally));
  if (tally == NULL) {
    avow_value_unref(listener);
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  }
  *tally = (tally_t){ .loop = loop, .listener = listener };
  const avow_map_options_t each = { .kind = AVOW_ALL_SETTLED };
  const avow_stream_t stream = avow_to_stream(&listener);
  avow_channel_t *clients = avow_connections(avow_stream_handle(stream), NULL);
  avow_promise_t *p = avow_each(clients, accept_client, tally, &each);
  avow_channel_unref(clients);
  return avow_attach(p, tally, tally_free);
}
