/* SPDX-License-Identifier: MIT */
/* Operations of a stream that can continue. */
#ifndef AVOW_TLS_STEP_H
#define AVOW_TLS_STEP_H

#include "stream_state.h"

/* Continues all operations that can, sends the records, and reads if an
   operation waits for bytes. */
void avow__tls_step(avow__tls_t *t);

/* Ends all pending operations with UV_ECANCELED, and returns the transport. */
avow_value_t avow__tls_end(avow__tls_t *t);

#endif
