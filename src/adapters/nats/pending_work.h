/* SPDX-License-Identifier: MIT */
/* Work that a connection still does for promises that have settled, such as
   removing a canceled job. Only avow_nats_close() waits for it. */
#ifndef AVOW_NATS_PENDING_WORK_H
#define AVOW_NATS_PENDING_WORK_H

#include "avow/cancel.h"

typedef struct {
  unsigned jobs; /* jobs that may still start pending work: they may be
                    canceled, or returned to the server */
  unsigned count;
  avow_promise_t *over;  /* settles when `count` is 0, or NULL */
  avow_deferred_t *last; /* the deferred of `over` */
} pending_work_t;

void avow__nats_pending_work_begin(pending_work_t *pending_work);
void avow__nats_pending_work_end(pending_work_t *pending_work);

/* Returns a promise that settles when no work is pending. `count` must not be
   0. */
avow_promise_t *avow__nats_pending_work_done(pending_work_t *pending_work,
                                             uv_loop_t *loop);

/* Called when no work starts or ends any more. */
void avow__nats_pending_work_free(pending_work_t *pending_work);

#endif
