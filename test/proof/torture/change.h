/* SPDX-License-Identifier: MIT */
/* Makes inputs that differ from stored inputs in a few places. */
#ifndef CHANGE_H
#define CHANGE_H

#include "replay.h"

/* Reads the stored inputs. Must be called first. */
void change_init(const char *directory);

/* Makes the input of a seed and returns its size. */
size_t change_input(uint8_t data[LONGEST], uint64_t seed);

#endif
