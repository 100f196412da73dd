/* SPDX-License-Identifier: MIT */
/* The output of examples that send requests to servers: a row for each
   request. */
#ifndef ROWS_H
#define ROWS_H

#include <stddef.h>
#include <stdint.h>

typedef enum { PENDING, FULFILLED, REJECTED, CANCELED } row_state_t;

typedef struct {
  const char *name;
  row_state_t state;
  uint64_t begin; /* in nanoseconds */
  uint64_t end;
  unsigned attempts;
  int status;       /* of a response */
  size_t bytes;     /* of its body */
  char reason[256]; /* when there is none */
} row_t;

double row_ms(const row_t *row);

void rows_print(const row_t rows[], size_t n);

#endif
