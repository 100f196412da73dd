/* SPDX-License-Identifier: MIT */
/* Errands of a connection: what it does for a promise that has settled, and
   nobody waits for but who closes the connection. */
#ifndef AVOW_NATS_PENDING_WORK_H
#define AVOW_NATS_PENDING_WORK_H

#include "avow/cancel.h"

typedef struct {
  unsigned jobs; /* whose promises may be cancelled, and then have one, or are
                    given back */
  unsigned count;
  avow_promise_t *over;  /* or NULL: settles when there are none */
  avow_deferred_t *last; /* of that */
} errands_t;

void avow__nats_errand_begin(errands_t *errands);
void avow__nats_errand_end(errands_t *errands);

/* Of some that have begun: settles when all are over. */
avow_promise_t *avow__nats_errands_over(errands_t *errands, uv_loop_t *loop);

/* Once none begins or ends any more. */
void avow__nats_errands_free(errands_t *errands);

#endif
