/* SPDX-License-Identifier: MIT */
/* Chains for which there is no memory. */
#ifndef AVOW_NOMEM_H
#define AVOW_NOMEM_H

#include "engine/context.h"

/* Takes ownership of p after no reaction to p could be made. Returns a promise
   for the caller to return instead. It is rejected with UV_ENOMEM, but not
   before p settles, because the data that the handlers of p use must stay. */
avow_promise_t *avow__fail_nomem(avow__context_t *c, avow_promise_t *p);

#endif
