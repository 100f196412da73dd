/* SPDX-License-Identifier: MIT */
/* Workers: they take jobs from a queue, with a limited concurrency. */
#ifndef AVOW_NATS_JOB_WORKER_H
#define AVOW_NATS_JOB_WORKER_H

#include "job_queue.h"
#include "orphan_jobs.h"

typedef struct {
  avow_value_t queue; /* a reference */
  avow_cb handler;
  void *data;
  avow_nats_work_options_t options; /* with all defaults filled in */
  avow_channel_t *jobs;             /* messages to the inbox */
  avow_deferred_t *anew;            /* rejects when the inbox is replaced */
  avow_promise_t *until;            /* promise of `anew` */
  char inbox[64];                   /* a subject */
  bool lost;                        /* the connection is lost */
  sweep_t sweep;
} worker_t;

#endif
