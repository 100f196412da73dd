/* SPDX-License-Identifier: MIT */
/*
 * examples/proxy.c between an echo server and clients. The bytes that a client
 * receives are the beginning of those that it sent.
 */
#include <avow/sim.h>
#include <string.h>

#include "quiet.h"

int proxy_main(int argc, char *argv[]);

#define main proxy_main
#include "../../../examples/proxy.c"
#undef main

enum { CLIENTS = 3, WORDS = 3, WORD = 70, MOST_PAUSE = 500, HOUR = 3600000 };

static bool breaks; /* the network breaks; a client cannot learn of it */

static avow_value_t say_back(void *data) {
  AVOW_AUTO_VALUE connection = avow_value_ref(data);
  const avow_stream_t stream = avow_to_stream(&connection);
  const avow_pump_options_t patient = { .idle = HOUR };
  return avow_await(avow_pump(stream, stream, &patient));
}

static avow_value_t hear_out(const avow_value_t *connection, void *data) {
  avow_value_t borrowed = *connection;
  return avow_follow(avow_async(loop, say_back, &borrowed));
}

static char letter(size_t at) {
  return (char) ('a' + at % 26);
}

static avow_value_t hear_all(void *data) {
  AVOW_AUTO_VALUE connection = avow_value_ref(data);
  size_t heard = 0;
  for (;;) {
    AVOW_AUTO_VALUE v = avow_none();
    avow_promise_t *p = avow_read(avow_to_stream(&connection), CHUNK);
    AVOW_TRY(avow_await_bytes(avow_timeout(p, HOUR), &v));
    if (avow_is_none(&v))
      return avow_int((int64_t) heard);
    size_t len;
    const char *bytes = avow_to_bytes(&v, &len);
    for (size_t i = 0; i < len; i++, heard++)
      avow_sim_check(bytes[i] == letter(heard), "byte %d differs", (int) heard);
  }
}

static avow_value_t say_words(avow_stream_t stream) {
  for (size_t said = 0; said < (size_t) WORDS * WORD; said += WORD) {
    char *bytes;
    AVOW_AUTO_VALUE word = avow_bytes_new(WORD, &bytes);
    if (avow_is_error(&word))
      return avow_steal(&word);
    for (size_t i = 0; i < WORD; i++)
      bytes[i] = letter(said + i);
    avow_promise_t *p = avow_write(stream, avow_steal(&word));
    AVOW_TRY(avow_await(avow_timeout(p, HOUR)));
    AVOW_TRY(quiet_pause(loop, MOST_PAUSE));
  }
  return avow_await(avow_timeout(avow_shutdown(stream), HOUR));
}

static avow_value_t come(void *data) {
  AVOW_AUTO_VALUE connection = avow_none();
  AVOW_TRY(quiet_connect(loop, port, MOST_PAUSE, &connection));
  AVOW_AUTO_PROMISE heard = avow_async(loop, hear_all, &connection);
  AVOW_AUTO_VALUE said = say_words(avow_to_stream(&connection));
  if (avow_is_error(&said))
    avow_value_unref(avow_await(avow_close(avow_to_stream(&connection))));
  AVOW_AUTO_VALUE n = avow_await(avow_promise_steal(&heard));
  if (avow_is_error(&said) || avow_is_error(&n)) {
    avow_sim_check(breaks, "the connection fails without a fault");
    return avow_none();
  }
  avow_sim_check(breaks || avow_to_int(&n) == WORDS * WORD,
                 "%d of %d bytes came back", (int) avow_to_int(&n),
                 WORDS * WORD);
  return avow_none();
}

static avow_value_t live(void *data) {
  static char host[] = "127.0.0.1", at[] = "7002";
  static char *echo[] = { host, at };
  const avow_map_options_t each = { .kind = AVOW_ALL_SETTLED };
  AVOW_AUTO_VALUE listener = avow_none();
  loop = data;
  server = echo;
  port = "7001";
  AVOW_TRY(avow_await_value(avow_bind(loop, "127.0.0.1", at), &listener));
  const avow_stream_t stream = avow_to_stream(&listener);
  AVOW_AUTO_CHANNEL callers =
      avow_connections(avow_stream_handle(stream), NULL);
  AVOW_AUTO_PROMISE echoed = avow_each(callers, hear_out, NULL, &each);
  const uint64_t began = avow_now(loop);
  avow_promise_t *served = avow_async(loop, serve, NULL);
  avow_promise_t *clients[CLIENTS];
  for (int i = 0; i < CLIENTS; i++)
    clients[i] = avow_async(loop, come, NULL);
  avow_value_unref(avow_await(avow_all_settled(loop, clients, CLIENTS)));
  avow_sim_check(breaks || avow_now(loop) < began + idle,
                 "an end was not passed on");
  quiet_interrupt();
  AVOW_AUTO_VALUE end = avow_await(served);
  AVOW_TRY(avow_await_done(avow_close(stream)));
  AVOW_TRY(avow_await_done(avow_promise_steal(&echoed)));
  return avow_is_timeout(&end) ? avow_none() : avow_steal(&end);
}

avow_promise_t *proxy_town(uv_loop_t *on, void *data) {
  breaks = data != NULL;
  quiet_begin();
  return avow_async(on, live, on);
}
