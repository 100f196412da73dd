/* SPDX-License-Identifier: MIT */
/* Jobs that the server has but no longer delivers. */
#ifndef AVOW_NATS_ORPHAN_JOBS_H
#define AVOW_NATS_ORPHAN_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "avow/value.h"
#include "subject_token.h"

/* State of orphan_jobs.c, with sequence numbers in the stream of jobs. */
typedef struct {
  uint64_t limit;     /* later jobs are not orphans */
  uint64_t mark, was; /* the limit at `since`, and the one before */
  uint64_t since;
  uint64_t oldest;
  bool found;          /* the last sweep found an orphan */
  avow_value_t orphan; /* a reference to its message */
  char token[TOKEN_SIZE];
} sweep_t;

/* For avow_repeat() while the worker runs. Settles as NONE after a pause, or at
   once if the last sweep found an orphan. */
avow_value_t avow__nats_sweep_next(void *data);

#endif
