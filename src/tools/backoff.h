/* SPDX-License-Identifier: MIT */
/* How long to wait before trying again. */
#ifndef AVOW_BACKOFF_H
#define AVOW_BACKOFF_H

#include <stdint.h>

/* After so many failures, at least one: first, doubled with each further one,
   and never more than max_delay. */
uint64_t avow__backoff(uint64_t first, uint64_t max_delay, unsigned failures);

/* A random number from 0 to most; *random is what it comes from, and changes.
   Full jitter: those who failed together do not come back together. */
uint64_t avow__jitter(uint64_t most, uint64_t *random);

#endif
