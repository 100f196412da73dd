/* SPDX-License-Identifier: MIT */
/* What a worker does with one job. */
#ifndef AVOW_NATS_JOB_RUN_H
#define AVOW_NATS_JOB_RUN_H

#include "job_worker.h"

/* NONE, once the worker has done with what has come, be it as it may. */
avow_promise_t *avow__nats_task(worker_t *w, const avow_value_t *message);

#endif
