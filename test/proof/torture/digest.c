/* SPDX-License-Identifier: MIT */
/* Values as numbers, and logs of calls. */
#include "digest.h"

#include "memory.h"

static uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

uint64_t digest_int(int64_t i) {
  return mix((uint64_t) i + 1);
}

uint64_t digest_error(int code, uint64_t cause) {
  return mix((uint64_t) (int64_t) code ^ mix(cause));
}

uint64_t digest_list(const uint64_t items[], size_t n) {
  uint64_t digest = mix(n + 77);
  for (size_t i = 0; i < n; i++)
    digest = mix(digest + items[i]);
  return digest;
}

outcome_t fulfilled(uint64_t digest) {
  return (outcome_t){ AVOW_FULFILLED, digest, false };
}

outcome_t rejected(int code) {
  return (outcome_t){ AVOW_REJECTED, digest_error(code, 0),
                      code == UV_ECANCELED };
}

outcome_t canceled_for(uint64_t cause) {
  return (outcome_t){ AVOW_REJECTED, digest_error(UV_ECANCELED, cause), true };
}

int64_t mapped(uint64_t digest) {
  return (int64_t) (digest % 1000);
}

void log_call(log_t *log, size_t id, uint64_t digest) {
  CHECK(log->n < LOG);
  log->entries[log->n++] = (entry_t){ id, digest };
}
