/* SPDX-License-Identifier: MIT */
/* Returns an identifier of the calling thread for comparisons. Threads that
   exist at the same time have different identifiers, and none is 0. */
#ifndef AVOW_THREAD_ID_H
#define AVOW_THREAD_ID_H

#include <stdint.h>

uintptr_t avow__here(void);

#endif
