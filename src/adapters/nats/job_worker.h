/* SPDX-License-Identifier: MIT */
/* Workers: who takes jobs out of a queue, so many at a time. */
#ifndef AVOW_NATS_JOB_WORKER_H
#define AVOW_NATS_JOB_WORKER_H

#include "job_queue.h"
#include "orphan_jobs.h"

typedef struct {
  avow_value_t queue; /* held */
  avow_cb handler;
  void *data;
  avow_nats_work_options_t options; /* none of which is 0 */
  avow_channel_t *jobs;             /* what comes to the inbox */
  avow_deferred_t *anew;            /* settles when there is another inbox */
  avow_promise_t *until;            /* the promise of that */
  char inbox[64];                   /* a subject */
  bool lost;                        /* the connection */
  sweep_t sweep;
} worker_t;

#endif
