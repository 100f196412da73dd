/* SPDX-License-Identifier: MIT */
/* TLS streams as objects: their class, and the references to them. */
#ifndef AVOW_TLS_STREAM_H
#define AVOW_TLS_STREAM_H

#include "stream_state.h"

extern const avow_class_t avow__tls_class;

/* A promise, and who settles it: NULL, and it is rejected, without memory. */
avow_promise_t *avow__tls_defer(const avow__tls_t *t, avow_deferred_t **out);

avow__tls_t *avow__tls_ref(avow__tls_t *t);
void avow__tls_unref(void *data);

#endif
