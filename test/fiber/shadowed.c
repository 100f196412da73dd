/* SPDX-License-Identifier: MIT */
/*
 * Runs a suite as if threads had shadow stacks. The system and the processor
 * need not support them.
 */
#include "fiber/shadow.h"

static __attribute__((constructor)) void have_shadows(void) {
  atomic_store(&avow__shadowed, true);
}
