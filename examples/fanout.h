/* SPDX-License-Identifier: MIT */
/*
 * One of many requests at once, from the first attempt to the last: with then
 * in fanout.c, and with await in fanout_await.c.
 */
#ifndef FANOUT_H
#define FANOUT_H

#include "rows.h"
#include "web.h"

enum { PAUSE = 100 }; /* between two attempts, in milliseconds */

typedef struct {
  struct fanout_s *fanout; /* whose it is */
  uv_loop_t *loop;
  const avow_curl_t *client;
  web_target_t target;
  uint64_t timeout; /* of one attempt, in milliseconds */
  uint64_t retries;
  row_t *row; /* what is shown of it */
} job_t;

/* POINTER: the row, so that a combinator's result says whose it is. */
avow_promise_t *job_start(job_t *job);

/* Handlers, whose data is the job_t, for what comes of it at last: they note it
   in the row and give what job_start() settles with. */
avow_value_t job_answered(const avow_value_t *body, void *data);
avow_value_t job_failed(const avow_value_t *reason, void *data);

#endif
