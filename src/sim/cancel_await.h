/* SPDX-License-Identifier: MIT */
/* A fault that cancels waiting async functions. */
#ifndef AVOW_SIM_CANCEL_AWAIT_H
#define AVOW_SIM_CANCEL_AWAIT_H

#include <uv.h>

#include "avow/promise.h"

/* Called between two iterations of the loop. It may cancel one waiting
   function, but never `spared`, which may be NULL. */
void sim_cancel_an_await(uv_loop_t *loop, const avow_promise_t *spared);

#endif
