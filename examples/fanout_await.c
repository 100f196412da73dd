/* SPDX-License-Identifier: MIT */
/*
 * One target of fanout and its request: fanout.c and web_get.c again, with
 * await. The handlers and the struct that they share become two functions and
 * their variables.
 */
#include "fanout.h"

typedef struct {
  const avow_curl_t *client;
  const web_target_t *target;
  int *status;
} request_t;

static avow_value_t get(void *data) {
  const request_t request = *(const request_t *) data;
  const avow_value_t response =
      avow_await(web_fetch_all(request.client, request.target));
  if (avow_is_error(&response))
    return response;
  avow_value_t v = web_status(&response, request.status);
  if (!avow_is_error(&v))
    v = avow_value_ref(avow_curl_body(&response));
  avow_value_unref(response);
  return v;
}

static bool shall_retry(const job_t *job, const avow_value_t *v) {
  const bool canceled = avow_error_code(v) == UV_ECANCELED;
  return avow_is_error(v) && !canceled && job->row->attempts <= job->retries;
}

static avow_value_t ask(void *data) {
  job_t *job = data;
  avow_value_t v;
  do {
    job->row->attempts++;
    request_t request = { job->client, &job->target, &job->row->status };
    avow_promise_t *p = avow_async(job->loop, get, &request);
    v = avow_await(avow_timeout(p, job->timeout));
    if (!shall_retry(job, &v))
      break;
    avow_value_unref(v);
    v = avow_await(avow_sleep(job->loop, PAUSE));
  } while (!avow_is_error(&v)); /* the pause was canceled */
  const avow_value_t end =
      avow_is_error(&v) ? job_failed(&v, job) : job_answered(&v, job);
  avow_value_unref(v);
  return end;
}

avow_promise_t *job_start(job_t *job) {
  return avow_async(job->loop, ask, job);
}
