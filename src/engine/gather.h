/* What settles a gather. */
#ifndef AVOW_GATHER_H
#define AVOW_GATHER_H

#include "engine/engine.h"

/* Settles it, and lets go of the inputs that are still waiting. */
void avow__gather_settle(avow_promise_t *gather, avow_value_t v);

/* One input less to wait for, or the end of adding. */
void avow__gather_count_down(avow_promise_t *gather);

#endif
