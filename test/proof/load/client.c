/* SPDX-License-Identifier: MIT */
/*
 * The client. It opens up to WINDOW connections at a time. Each sends a hello
 * and receives its echo. When all connections are open, they send messages and
 * compare the echoes. The server may end a connection early, but each echo must
 * be correct.
 */
#include "load.h"

enum { WINDOW = 200, CHUNK = 64 * 1024, PAUSE = 10 };

typedef struct {
  uv_tcp_t tcp;
  unsigned index;
  unsigned messages; /* echoed */
  uint32_t sent;     /* bytes */
  uint32_t heard;    /* bytes of their echo received */
  uint64_t random;
} talker_t;

static struct {
  const struct sockaddr_in *addresses;
  talker_t *talkers;
  unsigned next; /* the next connection to open */
  report_t report;
} client;

static avow_stream_t stream_of(talker_t *t) {
  return avow_uv_stream((uv_stream_t *) &t->tcp);
}

/* A message and its echo. */

/* Returns the byte at that position of the data that a connection sends. */
static char byte_at(const talker_t *t, uint32_t place) {
  const uint32_t x = (place + 1) * 2654435761U ^ t->index * 40503U;
  return (char) (x >> 16);
}

static avow_promise_t *send_message(talker_t *t, uint32_t len) {
  char *out = NULL;
  const avow_value_t message = avow_bytes_new(len, &out);
  CHECK(out != NULL);
  for (uint32_t i = 0; i < len; i++)
    out[i] = byte_at(t, t->sent + i);
  t->sent += len;
  return avow_write(stream_of(t), message);
}

static avow_value_t compare(const avow_value_t *chunk, void *data) {
  talker_t *t = data;
  size_t len;
  if (avow_is_none(chunk))
    return avow_error(UV_EOF);
  const char *bytes = avow_to_bytes(chunk, &len);
  CHECK(len <= t->sent - t->heard);
  for (size_t i = 0; i < len; i++)
    CHECK(bytes[i] == byte_at(t, t->heard + (uint32_t) i));
  t->heard += (uint32_t) len;
  client.report.bytes += len;
  return t->heard == t->sent ? avow_int(0) : avow_none();
}

static avow_value_t hear_some(void *data) {
  talker_t *t = data;
  return avow_follow(
      avow_then(avow_read(stream_of(t), CHUNK), compare, NULL, t));
}

/* Sends and receives concurrently, because sockets cannot buffer a large
   message. */
static avow_promise_t *exchange(talker_t *t, uint32_t len) {
  avow_promise_t *sending = send_message(t, len);
  avow_promise_t *hearing = avow_repeat(&room, hear_some, t);
  return avow_all(&room, (avow_promise_t *[]){ sending, hearing }, 2);
}

/* The messages after the first. */

static uint32_t draw_len(talker_t *t) {
  if (next_random(&t->random) % RARE == 0)
    return HUGE;
  return SMALLEST + next_random(&t->random) % (LARGEST - SMALLEST);
}

static avow_value_t count_message(const avow_value_t *arg, void *data) {
  talker_t *t = data;
  client.report.messages++;
  return ++t->messages < MESSAGES ? avow_none() : avow_int(0);
}

static avow_value_t exchange_message(const avow_value_t *arg, void *data) {
  talker_t *t = data;
  avow_promise_t *p = exchange(t, draw_len(t));
  return avow_follow(avow_then(p, count_message, NULL, t));
}

static avow_value_t pause_and_exchange(void *data) {
  talker_t *t = data;
  avow_promise_t *p = avow_sleep(&room, next_random(&t->random) % PAUSE);
  return avow_follow(avow_then(p, exchange_message, NULL, t));
}

/* The end of a connection. */

static avow_value_t check_end(const avow_value_t *chunk, void *data) {
  CHECK(avow_is_none(chunk));
  return avow_none();
}

static avow_value_t hear_end(const avow_value_t *arg, void *data) {
  return avow_follow(
      avow_then(avow_read(stream_of(data), CHUNK), check_end, NULL, NULL));
}

static avow_value_t end(const avow_value_t *arg, void *data) {
  return avow_follow(
      avow_then(avow_shutdown(stream_of(data)), hear_end, NULL, data));
}

static avow_value_t close_talker(void *data) {
  talker_t *t = data;
  client.report.open--;
  return avow_follow(avow_close_handle((uv_handle_t *) &t->tcp));
}

static avow_value_t on_complete(const avow_value_t *arg, void *data) {
  client.report.complete++;
  return avow_none();
}

static avow_value_t on_cut(const avow_value_t *reason, void *data) {
  const int code = avow_error_code(reason);
  CHECK(code == UV_EOF || code == UV_ECONNRESET || code == UV_EPIPE ||
        code == UV_ENOTCONN);
  client.report.cut++;
  return avow_none();
}

static avow_promise_t *talk_on(talker_t *t) {
  avow_promise_t *p = avow_repeat(&room, pause_and_exchange, t);
  p = avow_then(p, end, NULL, t);
  p = avow_finally(p, close_talker, t);
  return avow_then(p, on_complete, on_cut, t);
}

/* Opening the connections. */

static avow_value_t on_hello(const avow_value_t *arg, void *data) {
  room_opened(&client.report);
  return avow_none(); /* opens the next connection */
}

static avow_value_t say_hello(const avow_value_t *arg, void *data) {
  return avow_follow(avow_then(exchange(data, HELLO), on_hello, NULL, data));
}

static avow_value_t open_next(void *data) {
  if (client.next == plan.connections)
    return avow_int(0);
  const unsigned i = client.next++;
  talker_t *t = &client.talkers[i];
  t->index = i;
  t->random = plan.seed + i + 1;
  CHECK(uv_tcp_init(&room, &t->tcp) == 0);
  CHECK(uv_tcp_nodelay(&t->tcp, 1) == 0);
  avow_promise_t *p = avow_tcp_connect(
      &t->tcp, (const struct sockaddr *) &client.addresses[i % LISTENERS]);
  return avow_follow(avow_then(p, say_hello, NULL, t));
}

static avow_promise_t *open_all(void) {
  avow_promise_t *ps[WINDOW];
  for (int i = 0; i < WINDOW; i++)
    ps[i] = avow_repeat(&room, open_next, NULL);
  return avow_all(&room, ps, WINDOW);
}

static avow_value_t talk_on_all(const avow_value_t *arg, void *data) {
  avow_gather_t *gather;
  avow_promise_t *p = avow_gather_new(&room, AVOW_ALL, &gather);
  for (unsigned i = 0; i < plan.connections; i++)
    avow_gather_add(gather, talk_on(&client.talkers[i]));
  avow_gather_unref(gather);
  return avow_follow(p);
}

report_t talk(const addresses_t addresses) {
  client.addresses = addresses;
  room_open();
  client.talkers = room_calloc(plan.connections * sizeof(talker_t));
  const avow_value_t v =
      avow_run(avow_then(open_all(), talk_on_all, NULL, NULL));
  if (avow_is_error(&v))
    violated(avow_error_message(&v), "the client", 0);
  avow_value_unref(v);
  CHECK(uv_run(&room, UV_RUN_DEFAULT) == 0);
  CHECK(client.report.open == 0);
  CHECK(client.report.peak == plan.connections);
  CHECK(client.report.complete + client.report.cut == plan.connections);
  room_free(client.talkers);
  room_close();
  return client.report;
}
