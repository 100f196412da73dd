/* SPDX-License-Identifier: MIT */
/*
 * A client that asks a server at most two questions at a time, with the permits
 * of a limiter, and asks again after a failure. The defect: a question that
 * fails keeps its permit.
 */
#include "host.h"
#include "programs.h"

enum { LINE = 100, QUESTIONS = 6, PERMITS = 2, ATTEMPTS = 100 };

typedef struct {
  host_t host;
  avow_limiter_t *limiter;
} client_t;

static avow_value_t serve(void *data) {
  const guest_t *guest = data;
  const avow_stream_t stream = avow_to_stream(&guest->connection);
  avow_reader_t *reader = avow_reader_new(stream);
  avow_value_t v = avow_await(avow_reader_line(reader, LINE));
  avow_reader_unref(reader);
  if (v.tag != AVOW_BYTES)
    return v;
  avow_value_unref(v);
  return avow_await(avow_write(stream, avow_string("yes\n")));
}

static avow_value_t ask(void *data) {
  const client_t *client = data;
  const avow_value_t permit = avow_await(avow_limiter_acquire(client->limiter));
  if (avow_is_error(&permit))
    return permit;
  const avow_value_t answer = host_ask(&client->host, "well?\n");
#ifndef MENDED
  if (avow_is_error(&answer))
    return answer;
#endif
  avow_value_unref(permit);
  return avow_is_none(&answer) ? avow_error(UV_EOF) : answer;
}

static avow_value_t begin_to_ask(void *data) {
  const client_t *client = data;
  return avow_follow(avow_async(client->host.loop, ask, data));
}

static avow_value_t ask_until_answered(size_t i, void *data) {
  const client_t *client = data;
  const avow_retry_options_t retry = { .attempts = ATTEMPTS,
                                       .max_delay = 1000 };
  return avow_follow(avow_retry(client->host.loop, begin_to_ask, data, &retry));
}

static avow_value_t run(void *loop) {
  client_t client = {
    .host = { .loop = loop, .serve = serve, .kind = AVOW_ALL_SETTLED },
    .limiter = avow_limiter_new(loop, PERMITS),
  };
  avow_value_t v = host_open(&client.host);
  if (!avow_is_error(&v)) {
    v = avow_await(
        avow_map(loop, QUESTIONS, ask_until_answered, &client, NULL));
    host_close(&client.host);
  }
  avow_limiter_unref(client.limiter);
  return v;
}

static avow_promise_t *begin(uv_loop_t *loop, void *data) {
  return avow_async(loop, run, loop);
}

const program_t leaked_permit = {
  .name = "leaked permit",
  .defect = "an early return after a failure keeps a permit",
  .begin = begin,
  .bears = BEARS_NET,
};
