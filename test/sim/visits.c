/* SPDX-License-Identifier: MIT */
#include "visits.h"

#include <stdlib.h>
#include <string.h>

enum { PATIENCE = 60 * 1000, LONGEST_PAUSE = 1000 };

static char sent[VISIT_LEN];

static void release(void *block) {
  avow_value_unref(*(avow_value_t *) block);
  free(block);
}

/* The connection is valid during the call and while a reference is held. */
static avow_value_t pumped(const avow_value_t *connection, void *data) {
  const avow_stream_t stream = avow_to_stream(connection);
  const avow_pump_options_t options = { .idle = PATIENCE };
  avow_value_t *held = malloc(sizeof(*held));
  *held = avow_value_ref(connection);
  avow_promise_t *p = avow_pump(stream, stream, &options);
  return avow_follow(avow_attach(p, held, release));
}

/* A visit. */

static avow_value_t look(const avow_value_t *all, void *data) {
  visitor_t *visitor = data;
  size_t len;
  const char *bytes = avow_to_bytes(all, &len);
  avow_value_unref(visitor->stream);
  visitor->stream = avow_none();
  return len == VISIT_LEN && memcmp(bytes, sent, len) == 0 ? avow_none()
                                                           : avow_error(UV_EOF);
}

static avow_value_t leave(const avow_value_t *reason, void *data) {
  visitor_t *visitor = data;
  avow_value_unref(visitor->stream);
  visitor->stream = avow_none();
  if (visitor->visits->failed != NULL)
    visitor->visits->failed(avow_error_code(reason));
  return avow_value_ref(reason);
}

static avow_value_t shut(const avow_value_t *written, void *data) {
  const visitor_t *visitor = data;
  return avow_follow(avow_shutdown(avow_to_stream(&visitor->stream)));
}

static avow_value_t none(const avow_value_t *any, void *data) {
  return avow_none();
}

static avow_value_t second_of(const avow_value_t *both, void *data) {
  return avow_value_ref(avow_list_at(both, 1));
}

/* Sends and receives at the same time, because the data exceeds the buffers of
   the system. */
static avow_value_t exchange(const avow_value_t *connection, void *data) {
  visitor_t *visitor = data;
  visitor->stream = avow_value_ref(connection);
  const avow_stream_t stream = avow_to_stream(connection);
  avow_promise_t *p = avow_write(stream, avow_bytes(sent, VISIT_LEN));
  avow_promise_t *both[] = { avow_then(p, shut, NULL, visitor),
                             avow_read_all(stream, VISIT_LEN) };
  p = avow_all(visitor->visits->loop, both, 2);
  return avow_follow(avow_then(p, second_of, NULL, visitor));
}

static avow_promise_t *connected(const visits_t *visits) {
  return visits->service != NULL
             ? avow_connect(visits->loop, visits->asked, visits->service)
             : avow_connect_path(visits->loop, visits->asked);
}

static avow_value_t visit(void *data) {
  visitor_t *visitor = data;
  avow_promise_t *p = connected(visitor->visits);
  p = avow_then(p, exchange, NULL, visitor);
  p = avow_timeout(p, PATIENCE);
  return avow_follow(avow_then(p, look, leave, visitor));
}

static avow_promise_t *visit_all(visits_t *visits) {
  const avow_retry_options_t options = { .attempts = visits->attempts,
                                         .max_delay = LONGEST_PAUSE };
  avow_promise_t *all[VISITORS];
  for (int i = 0; i < VISITORS; i++) {
    visits->visitors[i] = (visitor_t){ .visits = visits };
    all[i] = avow_retry(visits->loop, visit, &visits->visitors[i], &options);
  }
  return avow_all(visits->loop, all, VISITORS);
}

/* Closes the server after the last client. */

static avow_value_t close_server(const avow_value_t *outcome, void *data) {
  visits_t *visits = data;
  avow_value_unref(visits->server);
  avow_promise_t *p = avow_then(visits->served, none, NULL, NULL);
  if (!avow_is_error(outcome))
    return avow_follow(p);
  avow_unref(p);
  return avow_value_ref(outcome);
}

static avow_value_t serve(const avow_value_t *server, void *data) {
  static const avow_map_options_t all = { .kind = AVOW_ALL_SETTLED };
  visits_t *visits = data;
  visits->server = avow_value_ref(server);
  avow_channel_t *guests =
      avow_connections(avow_stream_handle(avow_to_stream(server)), NULL);
  visits->served = avow_each(guests, pumped, NULL, &all);
  avow_channel_unref(guests);
  return avow_follow(
      avow_then(visit_all(visits), close_server, close_server, visits));
}

avow_promise_t *visits_begin(uv_loop_t *loop, void *data) {
  visits_t *visits = data;
  visits->loop = loop;
  for (size_t i = 0; i < VISIT_LEN; i++)
    sent[i] = (char) (i * 7 % 251);
  avow_promise_t *p = visits->service != NULL
                          ? avow_bind(loop, visits->bound, visits->service)
                          : avow_bind_path(loop, visits->bound, NULL);
  return avow_then(p, serve, NULL, visits);
}
