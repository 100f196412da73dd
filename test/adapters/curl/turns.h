/* SPDX-License-Identifier: MIT */
/* How long turns of the loop take, by a clock that stands still while the
   thread would run and has no processor, where the system tells of that. */
#ifndef TURNS_H
#define TURNS_H

#include <stdint.h>

/* In ns. */
uint64_t own_time(void);
uint64_t own_time_since(uint64_t before);

/* Fails if that is more than a turn may take. Not asked where $PATIENCE says
   that programs are slow. */
void assert_short(uint64_t ns);

/* So much time of the loop's turns; none takes long. */
void turn_for(uint64_t ms);

/* From here on, while others have the loop run: the longest, from one poll to
   the next, in ns. */
void measure_turns(void);
uint64_t longest_turn(void);
void stop_measuring(void);

#endif
