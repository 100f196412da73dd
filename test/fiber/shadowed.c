/* SPDX-License-Identifier: MIT */
/* Has a suite run as where threads have shadow stacks: system and processor
   need not. */
#include "fiber/shadow.h"

static __attribute__((constructor)) void have_shadows(void) {
  atomic_store(&avow__shadowed, true);
}
