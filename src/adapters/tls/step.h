/* SPDX-License-Identifier: MIT */
/* Which operations of a stream can go on. */
#ifndef AVOW_TLS_STEP_H
#define AVOW_TLS_STEP_H

#include "stream_state.h"

/* Lets whoever can go on do so, sends what is there, and reads if somebody
   waits for that. */
void avow__tls_step(avow__tls_t *t);

/* Ends all that is pending, with UV_ECANCELED, and gives the transport. */
avow_value_t avow__tls_end(avow__tls_t *t);

#endif
