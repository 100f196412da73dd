/* SPDX-License-Identifier: MIT */
/* Jobs that the server has and gives nobody any more. */
#ifndef AVOW_NATS_SWEEP_H
#define AVOW_NATS_SWEEP_H

#include "worker.h"

/* For avow_repeat(), as long as there is a worker: NONE, a while later, or at
   once if there was an orphan. */
avow_value_t avow__nats_sweep_next(void *data);

#endif
