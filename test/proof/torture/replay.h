/* SPDX-License-Identifier: MIT */
/* A fuzzer's target, and functions that run it without the fuzzer. */
#ifndef REPLAY_H
#define REPLAY_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

enum { LONGEST = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The entries of a directory that are inputs, in the order of their names; the
   caller frees them. There are some. */
int list_inputs(const char *path, struct dirent ***out);

/* How much of the file there is room for. */
size_t read_input(const char *path, uint8_t data[LONGEST]);

uint64_t next_random(uint64_t *seed);

#endif
