/* SPDX-License-Identifier: MIT */
#include "host.h"

#include <stdio.h>

enum { LINE = 100, PATIENCE = 60000 };

/* Keeps the connection, which the function must do before its first await. */
static avow_value_t serve_one(void *data) {
  guest_t guest = *(const guest_t *) data;
  (void) avow_value_ref(&guest.connection); /* returns the connection */
  const avow_value_t v = guest.host->serve(&guest);
  avow_value_unref(guest.connection);
  return v;
}

static avow_value_t welcome(const avow_value_t *connection, void *data) {
  host_t *host = data;
  guest_t guest = { host, *connection };
  avow_promise_t *p = avow_async(host->loop, serve_one, &guest);
  return avow_follow(avow_timeout(p, PATIENCE));
}

avow_value_t host_open(host_t *host) {
  AVOW_TRY(avow_await_value(avow_bind(host->loop, "127.0.0.1", "0"),
                            &host->listener));
  uv_stream_t *stream = avow_stream_handle(avow_to_stream(&host->listener));
  const avow_map_options_t each = { .kind = host->kind };
  avow_channel_t *guests = avow_connections(stream, NULL);
  host->served = avow_each(guests, welcome, host, &each);
  avow_channel_unref(guests);
  (void) snprintf(host->port, sizeof(host->port), "%d",
                  avow_local_address((const uv_handle_t *) stream).port);
  return avow_none();
}

/* Waits until all clients are served. */
void host_close(host_t *host) {
  avow_value_unref(avow_await(avow_close(avow_to_stream(&host->listener))));
  avow_value_unref(avow_await(host->served));
  avow_value_unref(host->listener);
}

static avow_value_t exchange(avow_stream_t stream, const char *line) {
  AVOW_TRY(avow_await(avow_write(stream, avow_string(line))));
  avow_reader_t *reader = avow_reader_new(stream);
  const avow_value_t v =
      avow_await(avow_timeout(avow_reader_line(reader, LINE), PATIENCE));
  avow_reader_unref(reader);
  return v;
}

avow_value_t host_ask(const host_t *host, const char *line) {
  avow_promise_t *p = avow_connect(host->loop, "127.0.0.1", host->port);
  const avow_value_t connection = avow_await(avow_timeout(p, PATIENCE));
  if (avow_is_error(&connection))
    return connection;
  const avow_value_t v = exchange(avow_to_stream(&connection), line);
  avow_value_unref(connection);
  return v;
}
