/* SPDX-License-Identifier: MIT */
/* Fixture for out of memory: without the blocks at hand, and without the
   reserve too. */
#ifndef FAMINE_H
#define FAMINE_H

#include "harness.h"

/* Takes all blocks at hand and makes allocations fail. */
void use_up_memory(void);
/* Takes the reserve too. */
void use_up_reserve(void);
/* Frees the blocks. Allocations succeed again. */
void give_back_memory(void);

#endif
