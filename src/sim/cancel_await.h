/* SPDX-License-Identifier: MIT */
/* Awaits that are cancelled. */
#ifndef AVOW_SIM_CANCEL_AWAIT_H
#define AVOW_SIM_CANCEL_AWAIT_H

#include <uv.h>

#include "avow/promise.h"

/* Between two turns of the loop: maybe one of its functions that wait, but not
   the one that is spared, which may be NULL. */
void sim_cancel_an_await(uv_loop_t *loop, const avow_promise_t *spared);

#endif
