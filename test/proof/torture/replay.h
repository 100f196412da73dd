/* SPDX-License-Identifier: MIT */
/* A fuzzer's target, and functions that run it without the fuzzer. */
#ifndef REPLAY_H
#define REPLAY_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

enum { LONGEST = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lists the inputs in a directory, in the order of their names. The caller
   frees them. Without inputs, it ends the process. */
int list_inputs(const char *path, struct dirent ***out);

/* Reads at most LONGEST bytes of a file and returns their number. */
size_t read_input(const char *path, uint8_t data[LONGEST]);

uint64_t next_random(uint64_t *seed);

#endif
