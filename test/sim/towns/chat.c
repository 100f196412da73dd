/* SPDX-License-Identifier: MIT */
/*
 * examples/chat.c and clients that connect, send lines and disconnect. Each
 * client receives the lines of each other client in order and without gaps.
 */
#include <avow/sim.h>

#include "quiet.h"

int chat_main(int argc, char *argv[]);

#define main chat_main
#include "../../../examples/chat.c"
#undef main

enum { GUESTS = 3, LINES = 3, MOST = 2000, NUMBERS = 32, HOUR = 3600000 };

static const char port[] = "7001";

/* The number of the last line that a client received from each other client. */
typedef struct {
  int last[NUMBERS];
} memory_t;

static void hear_line(memory_t *memory, const char *line) {
  int number, said;
  if (sscanf(line, "guest %d: %d", &number, &said) != 2)
    return;
  avow_sim_check(number > 0 && number < NUMBERS, "client %d does not exist",
                 number);
  const int last = memory->last[number % NUMBERS];
  avow_sim_check(last == 0 || said == last + 1, "after %d client %d sent %d",
                 last, number, said);
  memory->last[number % NUMBERS] = said;
}

/* A time limit ends the wait for a peer that was lost silently. */
static avow_value_t await_news(avow_reader_t *reader) {
  return avow_await(avow_timeout(avow_reader_line(reader, LINE + 100), HOUR));
}

/* Receives lines until the end of the connection. */
static avow_value_t listen_to_all(void *data) {
  const avow_value_t connection = avow_value_ref(data);
  avow_reader_t *reader = avow_reader_new(avow_to_stream(&connection));
  memory_t memory = { { 0 } };
  avow_value_t v = await_news(reader);
  while (v.tag == AVOW_BYTES) {
    hear_line(&memory, avow_to_bytes(&v, NULL));
    avow_value_unref(v);
    v = await_news(reader);
  }
  avow_reader_unref(reader);
  avow_value_unref(connection);
  avow_value_unref(v); /* the network may end it in any way */
  return avow_none();
}

static avow_value_t talk(uv_loop_t *loop, avow_stream_t stream) {
  for (int i = 1; i <= LINES; i++) {
    char line[20];
    (void) snprintf(line, sizeof(line), "%d\n", i);
    avow_promise_t *p = avow_write(stream, avow_string(line));
    AVOW_TRY(avow_await_done(avow_timeout(p, HOUR)));
    AVOW_TRY(quiet_pause(loop, MOST));
  }
  return avow_await(avow_timeout(avow_shutdown(stream), HOUR));
}

static avow_value_t visit(void *loop) {
  avow_value_t connection;
  AVOW_TRY(quiet_connect(loop, port, MOST, &connection));
  avow_promise_t *heard = avow_async(loop, listen_to_all, &connection);
  const avow_value_t v = talk(loop, avow_to_stream(&connection));
  if (avow_is_error(&v))
    avow_value_unref(avow_await(avow_close(avow_to_stream(&connection))));
  avow_value_unref(avow_await(heard));
  avow_value_unref(connection);
  return v;
}

static avow_value_t live(void *loop) {
  chat_t chat = { .loop = loop, .service = port };
  chat.stop = program_interrupted(loop);
  avow_promise_t *served = avow_async(loop, run, &chat);
  avow_promise_t *guests[GUESTS];
  for (int i = 0; i < GUESTS; i++)
    guests[i] = avow_async(loop, visit, loop);
  avow_value_unref(avow_await(avow_all_settled(loop, guests, GUESTS)));
  quiet_interrupt();
  const avow_value_t v = avow_await(served);
  program_forget(chat.stop);
  avow_sim_check(chat.here == 0, "%d clients were left", (int) chat.here);
  avow_sim_check(chat.clients == NULL, "some are still in the list");
  return v;
}

avow_promise_t *chat_town(uv_loop_t *loop, void *data) {
  quiet_begin();
  return avow_async(loop, live, loop);
}
