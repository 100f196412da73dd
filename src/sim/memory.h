/* SPDX-License-Identifier: MIT */
/* What avow allocates. */
#ifndef AVOW_SIM_MEMORY_H
#define AVOW_SIM_MEMORY_H

#include <stdbool.h>

/* Whether avow asks here for its memory. Where it does not, the program was
   linked with the other library, which knows nothing of this. Not in a run. */
bool sim_memory_is_avows(void);

#endif
