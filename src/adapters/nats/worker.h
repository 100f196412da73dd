/* SPDX-License-Identifier: MIT */
/* Workers: who takes jobs out of a queue, so many at a time. */
#ifndef AVOW_NATS_WORKER_H
#define AVOW_NATS_WORKER_H

#include "queue.h"

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
  uint64_t swept;                   /* so far */
} worker_t;

/* NONE, once the worker has done with what has come, be it as it may. */
avow_promise_t *avow__nats_task(worker_t *w, const avow_value_t *message);

#endif
