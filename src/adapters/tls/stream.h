/* SPDX-License-Identifier: MIT */
/* TLS streams as objects: their class and their references. */
#ifndef AVOW_TLS_STREAM_H
#define AVOW_TLS_STREAM_H

#include "stream_state.h"

extern const avow_class_t avow__tls_class;

/* Returns a promise, with its deferred in *out. If out of memory, the promise
   is rejected and *out is NULL. */
avow_promise_t *avow__tls_defer(const avow__tls_t *t, avow_deferred_t **out);

avow__tls_t *avow__tls_ref(avow__tls_t *t);
void avow__tls_unref(void *data);

#endif
