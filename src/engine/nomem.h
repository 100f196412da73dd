/* SPDX-License-Identifier: MIT */
/* What becomes of a chain for which there is no memory. */
#ifndef AVOW_NOMEM_H
#define AVOW_NOMEM_H

#include "engine/context.h"

/* What is returned in place of one that could not be made to follow p, which is
   taken: it settles no sooner than p, for what p's handlers use must stay. */
avow_promise_t *avow__fail_nomem(avow__context_t *c, avow_promise_t *p);

#endif
