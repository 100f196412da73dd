/* SPDX-License-Identifier: MIT */
/*
 * What the seed chooses. `what` names the kind of a choice, "net.cut", as a
 * literal: the part before the dot says which options apply. The nth choice of
 * a kind is the same for a seed, whatever other kinds chose.
 */
#ifndef AVOW_SIM_CHANCE_H
#define AVOW_SIM_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One of 0…bound-1 as the seed says. 0 is the plain choice: no fault, no delay,
   whole reads, first in line. */
uint64_t sim_choose(uint64_t bound, const char *what);

/* True with the chance that the options give to such a fault; plain: false. */
bool sim_strikes(const char *what);

/* How many ns such a thing takes; plain: the least. */
uint64_t sim_delay(const char *what);

/* Bytes of the seed's. */
void sim_fill(void *at, size_t len);

/* A hash of the name of a kind of choices. */
uint64_t sim_name_of(const char *what);

/* Scatters the bits of x, the same on each machine. */
uint64_t sim_scatter(uint64_t x);

#endif
