/* SPDX-License-Identifier: MIT */
/* Failures of libnats as errors of avow, and channels that have failed. */
#ifndef AVOW_NATS_FAILURE_H
#define AVOW_NATS_FAILURE_H

#include "avow/nats.h"

/* Creates an error with the message `text`. */
avow_value_t avow__nats_failure_of(natsStatus status, const char *text);

/* Creates an error with the message `text` and a code that does not follow from
   the status. */
avow_value_t avow__nats_failure_as(int code, natsStatus status,
                                   const char *text);

/* Called on the thread that made the call, directly after it. */
avow_value_t avow__nats_failure(natsStatus status);

/* A channel that has failed with `code`. */
avow_channel_t *avow__nats_failed_channel(uv_loop_t *loop, int code);

#endif
