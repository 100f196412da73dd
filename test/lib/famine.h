/* SPDX-License-Identifier: MIT */
/* No memory, but for what avow keeps for the last; and not even that. */
#ifndef FAMINE_H
#define FAMINE_H

#include "harness.h"

/* Takes all blocks at hand, and has allocations fail. */
void use_up_memory(void);
/* That, and the reserve. */
void use_up_reserve(void);
/* Allocations succeed, and the blocks are free again. */
void give_back_memory(void);

#endif
