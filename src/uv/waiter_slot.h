/* SPDX-License-Identifier: MIT */
/*
 * Somebody who waits for what something of ours will say: a deferred at a place
 * of its own, NULL while nobody waits, and from the moment on that whoever did
 * is cancelled.
 */
#ifndef AVOW_WAITER_SLOT_H
#define AVOW_WAITER_SLOT_H

#include "engine/promise.h"

/* A promise whose deferred is at that place, which stays where it is while
   somebody waits; NULL without memory. */
avow_promise_t *avow__waiter_new(uv_loop_t *loop, avow_deferred_t **place);

/* Settles it, if somebody waits, who does not any more. Takes v. */
void avow__waiter_settle(avow_deferred_t **place, avow_value_t v);

#endif
