/* SPDX-License-Identifier: MIT */
/* The memory that avow allocates. */
#ifndef AVOW_SIM_MEMORY_H
#define AVOW_SIM_MEMORY_H

#include <stdbool.h>

/* True if avow allocates through the simulator. Otherwise the program is linked
   with the other library, which does not use the simulator. Must not be called
   in a run. */
bool sim_memory_is_avows(void);

#endif
