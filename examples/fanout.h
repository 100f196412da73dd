/* SPDX-License-Identifier: MIT */
/*
 * One of many concurrent requests, from the first attempt to the last: with
 * then in fanout.c, and with await in fanout_await.c.
 */
#ifndef FANOUT_H
#define FANOUT_H

#include "rows.h"
#include "web.h"

enum { PAUSE = 100 }; /* between two attempts, in ms */

typedef struct {
  struct fanout_s *fanout; /* its owner */
  uv_loop_t *loop;
  const avow_curl_t *client;
  web_target_t target;
  uint64_t timeout; /* of one attempt, in ms */
  uint64_t retries;
  row_t *row; /* its row in the output */
} job_t;

/* POINTER: the row. The result of a combinator therefore identifies its job. */
avow_promise_t *job_start(job_t *job);

/* Handlers for the final result; `data` is the job_t. They write the result to
   the row and return the result of job_start(). */
avow_value_t job_answered(const avow_value_t *body, void *data);
avow_value_t job_failed(const avow_value_t *reason, void *data);

#endif
