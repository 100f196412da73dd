/* SPDX-License-Identifier: MIT */
/* Stored outcomes of jobs: the bytes of a result, or the code and the message
   of an error. */
#ifndef AVOW_NATS_JOB_OUTCOME_H
#define AVOW_NATS_JOB_OUTCOME_H

#include "avow/nats.h"

enum { ERROR_LINE = 48, MESSAGE_MAX = 1000 };

/* Writes the header line for the code of an error. */
void avow__nats_error_line(char line[ERROR_LINE], const avow_value_t *error);

/* Returns the BYTES to send. For an error, these are its message, cut to
   MESSAGE_MAX bytes. */
avow_value_t avow__nats_outcome_text(const avow_value_t *outcome);

/* Returns the outcome in a stored message: BYTES or an error. */
avow_value_t avow__nats_outcome(natsMsg *msg);

#endif
