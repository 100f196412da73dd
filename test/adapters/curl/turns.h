/* SPDX-License-Identifier: MIT */
/* Iterations of the loop, counted: a loop that another thread held up would not
   come to the next one. */
#ifndef TURNS_H
#define TURNS_H

/* Has the loop iterate so many times, with some real time in between. */
void iterate(int n);

/* Calls `fn` when the loop has iterated so many times more, whoever runs it. To
   be stopped in any case. Keeps no loop alive. */
void behind_iterations(int n, void (*fn)(void));
void stop_counting(void);

#endif
