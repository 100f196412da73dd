/* SPDX-License-Identifier: MIT */
/*
 * Sends requests to many servers at once. Each chain of promises reads from top
 * to bottom, and one combinator waits for all chains. See fanout --help.
 *
 *    fanout.c        one target: attempts, each with its timeout
 *    web_get.c       one attempt: a response and its body
 *    fanout_main.c   all targets and their results
 *    demo_servers.c  the servers that are used without arguments
 *    web.c           options and results of avow-curl
 *    rows.c          the output
 *
 * fanout_await.c has the first two files again, with await.
 */
#include "fanout.h"

static avow_promise_t *attempt(job_t *job);

static avow_value_t attempt_again(const avow_value_t *none, void *job) {
  return avow_follow(attempt(job));
}

static avow_value_t retry(const avow_value_t *reason, void *data) {
  job_t *job = data;
  const bool canceled = avow_error_code(reason) == UV_ECANCELED;
  if (canceled || job->row->attempts > job->retries)
    return avow_value_ref(reason);
  avow_promise_t *p = avow_sleep(job->loop, PAUSE);
  return avow_follow(avow_then(p, attempt_again, NULL, job));
}

static avow_promise_t *attempt(job_t *job) {
  job->row->attempts++;
  avow_promise_t *p = web_get(job->client, &job->target, &job->row->status);
  p = avow_timeout(p, job->timeout);
  return avow_catch(p, retry, job);
}

avow_promise_t *job_start(job_t *job) {
  return avow_then(attempt(job), job_answered, job_failed, job);
}
