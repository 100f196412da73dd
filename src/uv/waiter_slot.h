/* SPDX-License-Identifier: MIT */
/*
 * A waiter for an event of an avow object: a deferred at a place of its own.
 * The place is NULL while no caller waits, and as soon as the waiter is
 * canceled.
 */
#ifndef AVOW_WAITER_SLOT_H
#define AVOW_WAITER_SLOT_H

#include "engine/promise.h"

/* Makes a promise whose deferred is at `place`, which must stay valid while it
   is pending. NULL at `place` if out of memory. */
avow_promise_t *avow__waiter_new(uv_loop_t *loop, avow_deferred_t **place);

/* Settles the promise if there is one, and clears the place. Takes ownership of
   `v`. */
void avow__waiter_settle(avow_deferred_t **place, avow_value_t v);

#endif
