/* SPDX-License-Identifier: MIT */
/* Which thread this is, for others to compare: no two have the same mark at a
   time, and none has NULL's. */
#ifndef AVOW_THREAD_ID_H
#define AVOW_THREAD_ID_H

#include <stdint.h>

uintptr_t avow__here(void);

#endif
