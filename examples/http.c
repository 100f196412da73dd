/*
 * One request over one connection, with then: fanout_await.c does the same with
 * await.
 */
#include "http.h"

#include <stdlib.h>

/* What the handlers of one http_get() share; avow_attach() frees it. */
typedef struct {
  const http_target_t *target;
  avow_value_t stream; /* it closes with this */
} request_t;

static void request_free(void *data) {
  request_t *request = data;
  avow_value_unref(request->stream);
  free(request);
}

static avow_value_t send_request(const avow_value_t *stream, void *data) {
  request_t *request = data;
  request->stream = avow_value_ref(stream);
  return avow_follow(
      avow_write(avow_to_stream(stream), http_request(request->target)));
}

static avow_value_t read_answer(const avow_value_t *written, void *data) {
  request_t *request = data;
  return avow_follow(
      avow_read_all(avow_to_stream(&request->stream), HTTP_ANSWER_MAX));
}

static avow_value_t parse_answer(const avow_value_t *answer, void *data) {
  return http_parse_answer(answer);
}

avow_promise_t *http_get(uv_loop_t *loop, const http_target_t *target) {
  request_t *request = malloc(sizeof(*request));
  if (request == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  *request = (request_t){ .target = target, .stream = avow_none() };
  avow_promise_t *p = avow_connect(loop, target->host, target->port);
  p = avow_then(p, send_request, NULL, request);
  p = avow_then(p, read_answer, NULL, request);
  p = avow_then(p, parse_answer, NULL, request);
  return avow_attach(p, request, request_free);
}
