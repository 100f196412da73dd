/* SPDX-License-Identifier: MIT */
/* Checked builds: what is left when the process ends. */
#ifndef AVOW_CHECK_EXIT_H
#define AVOW_CHECK_EXIT_H

#include <uv.h>

#include "base/misuse.h"

/* The report is made at the end of a process that has called this. */
#if AVOW__DEBUG
void avow__check_exit(void);

/* Empties the quarantines of values and, if `loop` is open, of its promises. */
void avow__quarantines_end(const uv_loop_t *loop);
#else
#  define avow__check_exit()          ((void) 0)
#  define avow__quarantines_end(loop) ((void) (loop))
#endif

#endif
