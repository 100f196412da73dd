/* SPDX-License-Identifier: MIT */
/* Processes as values. */
#ifndef AVOW_PROCESS_PRIVATE_H
#define AVOW_PROCESS_PRIVATE_H

#include "avow/process.h"

/* Implements avow_spawn(). If `leads`, the process leads a group, which is
   killed together with it. */
avow_promise_t *avow__process_spawn(uv_loop_t *loop,
                                    const uv_process_options_t *options,
                                    bool leads);

#endif
