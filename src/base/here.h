/* SPDX-License-Identifier: MIT */
/* Which thread this is, for others to compare: no two have the same mark at a
   time, and none has NULL's. */
#ifndef AVOW_HERE_H
#define AVOW_HERE_H

#include <stdint.h>

uintptr_t avow__here(void);

#endif
