/* SPDX-License-Identifier: MIT */
/* What libnats reports of a call that failed, as an error of avow's, and
   channels that fail. */
#ifndef AVOW_NATS_FAILURE_H
#define AVOW_NATS_FAILURE_H

#include "avow/nats.h"

/* With a message of its own. */
avow_value_t avow__nats_failure_of(natsStatus status, const char *text);

/* With a code of its own, too, of which libnats knows nothing. */
avow_value_t avow__nats_failure_as(int code, natsStatus status,
                                   const char *text);

/* On the thread that made the call, behind it. */
avow_value_t avow__nats_failure(natsStatus status);

/* A channel that has failed with `code`. */
avow_channel_t *avow__nats_failed_channel(uv_loop_t *loop, int code);

#endif
