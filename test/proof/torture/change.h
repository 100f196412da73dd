/* SPDX-License-Identifier: MIT */
/* Inputs that differ from others in a few places. */
#ifndef CHANGE_H
#define CHANGE_H

#include "replay.h"

/* Reads the inputs to begin with. To be called first. */
void change_init(const char *directory);

/* Makes the input of that seed, and returns its size. */
size_t change_input(uint8_t data[LONGEST], uint64_t seed);

#endif
