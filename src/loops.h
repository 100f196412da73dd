/* Loops on threads of their own: for who uses them on a program's behalf. */
#ifndef AVOW_LOOPS_PRIVATE_H
#define AVOW_LOOPS_PRIVATE_H

#include "avow/loops.h"

/* Keeps the memory; what is asked of loops that are closed is refused. */
avow_loops_t *avow__loops_ref(const avow_loops_t *loops);
void avow__loops_unref(avow_loops_t *loops);

/* Why there are none. */
int avow__loops_err(const avow_loops_t *loops);

#endif
