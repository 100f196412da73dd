/* SPDX-License-Identifier: MIT */
/* Jobs that the server has and gives nobody any more. */
#ifndef AVOW_NATS_ORPHAN_JOBS_H
#define AVOW_NATS_ORPHAN_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "avow/value.h"
#include "subject_token.h"

/* What orphan_jobs.c knows, by places in the stream of jobs. */
typedef struct {
  uint64_t limit;     /* no further are orphans */
  uint64_t mark, was; /* what that was at since, and before */
  uint64_t since;
  uint64_t oldest;
  bool found;          /* an orphan, the last time */
  avow_value_t orphan; /* its message, held */
  char token[TOKEN_SIZE];
} sweep_t;

/* For avow_repeat(), as long as there is a worker: NONE, a while later, or at
   once if there was an orphan. */
avow_value_t avow__nats_sweep_next(void *data);

#endif
