/* SPDX-License-Identifier: MIT */
/* Publishing with a subject for the reply. */
#ifndef AVOW_NATS_SEND_H
#define AVOW_NATS_SEND_H

#include "avow/nats.h"

/* Implements avow_nats_publish(), with `reply` as the subject for answers. */
avow_promise_t *avow__nats_publish(const avow_value_t *connection,
                                   const char *subject, const char *reply,
                                   avow_value_t payload);

#endif
