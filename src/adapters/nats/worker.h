/* SPDX-License-Identifier: MIT */
/* Workers: who takes jobs out of a queue, so many at a time. */
#ifndef AVOW_NATS_WORKER_H
#define AVOW_NATS_WORKER_H

#include "queue.h"

/* What sweep.c knows, by places in the stream of jobs. */
typedef struct {
  uint64_t limit;     /* no further are orphans */
  uint64_t mark, was; /* what that was at since, and before */
  uint64_t since;
  uint64_t oldest;
  bool found;          /* an orphan, the last time */
  avow_value_t orphan; /* its message, held */
  char token[TOKEN_SIZE];
} sweep_t;

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

/* NONE, once the worker has done with what has come, be it as it may. */
avow_promise_t *avow__nats_task(worker_t *w, const avow_value_t *message);

#endif
