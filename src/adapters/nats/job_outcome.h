/* SPDX-License-Identifier: MIT */
/* Outcomes of jobs, as they are kept until they are asked for: the bytes of a
   result, or the code and the message of an error. */
#ifndef AVOW_NATS_JOB_OUTCOME_H
#define AVOW_NATS_JOB_OUTCOME_H

#include "avow/nats.h"

enum { ERROR_LINE = 48, MESSAGE_MAX = 1000 };

/* The header line that says which error it is, for one that is. */
void avow__nats_error_line(char line[ERROR_LINE], const avow_value_t *error);

/* BYTES: what is sent of it; of an error the message, and no more of that than
   MESSAGE_MAX bytes. */
avow_value_t avow__nats_outcome_text(const avow_value_t *outcome);

/* BYTES, or the error, of a message that is kept. */
avow_value_t avow__nats_outcome(natsMsg *msg);

#endif
