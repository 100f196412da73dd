/* SPDX-License-Identifier: MIT */
/*
 * The choices of the seed. `what` is a literal that names the kind of a choice,
 * such as "net.cut". The part before the dot decides which options apply. For a
 * given seed, the nth choice of a kind is always the same and does not depend
 * on other kinds.
 */
#ifndef AVOW_SIM_CHANCE_H
#define AVOW_SIM_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Chooses a number from 0 to bound - 1. 0 is the plain choice: no fault, no
   delay, whole reads, first in line. */
uint64_t sim_choose(uint64_t bound, const char *what);

/* Returns true with the probability that the options give to this fault. The
   plain choice is false. */
bool sim_strikes(const char *what);

/* Chooses a delay in ns. The plain choice is the shortest delay. */
uint64_t sim_delay(const char *what);

/* Fills the buffer with bytes that depend on the seed. */
void sim_fill(void *at, size_t len);

/* The hash of the name of a kind. */
uint64_t sim_name_of(const char *what);

/* Scatters the bits of x. The result is the same on each machine. */
uint64_t sim_scatter(uint64_t x);

#endif
