/* SPDX-License-Identifier: MIT */
/*
 * Data for comparing avow with its model: a number for each value, and logs of
 * the handlers that were called with their arguments.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "avow/all.h"

enum { LOG = 4096 };

typedef struct outcome_s {
  avow_state_t state;
  uint64_t digest; /* digest of the value or reason */
  bool canceled;   /* the reason is UV_ECANCELED */
} outcome_t;

typedef struct entry_s {
  size_t id;
  uint64_t digest;
} entry_t;

/* Calls in their order. */
typedef struct log_s {
  entry_t entries[LOG];
  size_t n;
} log_t;

/* Digests of values. */
uint64_t digest_int(int64_t i);
uint64_t digest_error(int code, uint64_t cause);
uint64_t digest_list(const uint64_t items[], size_t n);
outcome_t fulfilled(uint64_t digest);
outcome_t rejected(int code);
outcome_t canceled_for(uint64_t cause);
void log_call(log_t *log, size_t id, uint64_t digest);
/* Returns the result of a handler for its argument. */
int64_t mapped(uint64_t digest);

#endif
