/* SPDX-License-Identifier: MIT */
/* Counts iterations of the loop. If another thread blocked the loop, it would
   not reach the next one. */
#ifndef TURNS_H
#define TURNS_H

/* Runs `n` iterations of the loop, with some real time between them. */
void iterate(int n);

/* Calls `fn` after `n` further iterations, whichever function runs the loop.
   Does not keep the loop alive. The test must call stop_counting() in any
   case. */
void behind_iterations(int n, void (*fn)(void));
void stop_counting(void);

#endif
