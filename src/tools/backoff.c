/* SPDX-License-Identifier: MIT */
/* Delays between retries. */
#include "tools/backoff.h"

uint64_t avow__backoff(uint64_t first, uint64_t max_delay, unsigned failures) {
  uint64_t delay = first;
  for (; failures > 1 && delay < max_delay; failures--)
    delay = delay < max_delay / 2 ? delay * 2 : max_delay;
  return delay < max_delay ? delay : max_delay;
}

/* splitmix64, which has no bad seeds. */
static uint64_t next_random(uint64_t *random) {
  uint64_t z = *random += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

uint64_t avow__jitter(uint64_t most, uint64_t *random) {
  const uint64_t number = next_random(random);
  return most < UINT64_MAX ? number % (most + 1) : number;
}
