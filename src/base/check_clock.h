/* SPDX-License-Identifier: MIT */
/* Checked builds: a clock that is read several times as fast as uv_hrtime(). */
#ifndef AVOW_CHECK_CLOCK_H
#define AVOW_CHECK_CLOCK_H

#include <stdint.h>

#include "base/misuse.h"

#if AVOW__DEBUG
/* In ns. It may advance only every 10 ms. */
uint64_t avow__check_clock(void);
#endif

#endif
