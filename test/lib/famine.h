/* SPDX-License-Identifier: MIT */
/* Fixture for allocation failures: it takes the blocks that avow has allocated
   in advance, and also avow's reserve. */
#ifndef FAMINE_H
#define FAMINE_H

#include "harness.h"

/* Takes all blocks allocated in advance and makes allocations fail. */
void use_up_memory(void);
/* Takes the reserve too. */
void use_up_reserve(void);
/* Frees the blocks. Allocations succeed again. */
void give_back_memory(void);

#endif
