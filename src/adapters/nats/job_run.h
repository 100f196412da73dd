/* SPDX-License-Identifier: MIT */
/* Processes one job for a worker. */
#ifndef AVOW_NATS_JOB_RUN_H
#define AVOW_NATS_JOB_RUN_H

#include "job_worker.h"

/* Settles as NONE when the worker has finished with the message, valid or
   not. */
avow_promise_t *avow__nats_task(worker_t *w, const avow_value_t *message);

#endif
