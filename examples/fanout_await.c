/*
 * One target of fanout, and the request that asks it: fanout.c and http.c again
 * with await. What stood in handlers, and in what they share, stands in two
 * functions and their variables.
 */
#include "fanout.h"

typedef struct {
  uv_loop_t *loop;
  const http_target_t *target;
} request_t;

static avow_value_t exchange(const http_target_t *target,
                             avow_stream_t stream) {
  avow_value_t v = avow_await(avow_write(stream, http_request(target)));
  if (avow_is_error(&v))
    return v;
  v = avow_await(avow_read_all(stream, HTTP_ANSWER_MAX));
  if (avow_is_error(&v))
    return v;
  const avow_value_t response = http_parse_answer(&v);
  avow_value_unref(v);
  return response;
}

static avow_value_t get(void *data) {
  const request_t request = *(const request_t *) data;
  const avow_value_t stream = avow_await(
      avow_connect(request.loop, request.target->host, request.target->port));
  if (avow_is_error(&stream))
    return stream;
  const avow_value_t v = exchange(request.target, avow_to_stream(&stream));
  avow_value_unref(stream); /* closes it */
  return v;
}

avow_promise_t *http_get(uv_loop_t *loop, const http_target_t *target) {
  request_t request = { .loop = loop, .target = target };
  return avow_async(loop, get, &request);
}

static bool shall_retry(const job_t *job, const avow_value_t *v) {
  const bool cancelled = avow_error_code(v) == UV_ECANCELED;
  return avow_is_error(v) && !cancelled && job->row->attempts <= job->retries;
}

static avow_value_t ask(void *data) {
  job_t *job = data;
  avow_value_t v;
  do {
    job->row->attempts++;
    avow_promise_t *p = http_get(job->loop, &job->target);
    v = avow_await(avow_timeout(p, job->timeout));
    if (!shall_retry(job, &v))
      break;
    avow_value_unref(v);
    v = avow_await(avow_sleep(job->loop, PAUSE));
  } while (!avow_is_error(&v)); /* it was cancelled */
  const avow_value_t end =
      avow_is_error(&v) ? job_failed(&v, job) : job_answered(&v, job);
  avow_value_unref(v);
  return end;
}

avow_promise_t *job_start(job_t *job) {
  return avow_async(job->loop, ask, job);
}
