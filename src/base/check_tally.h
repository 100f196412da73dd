/* SPDX-License-Identifier: MIT */
/* Checked builds: counts by name, for reports. */
#ifndef AVOW_CHECK_TALLY_H
#define AVOW_CHECK_TALLY_H

#include <stdint.h>

#include "base/misuse.h"

#if AVOW__DEBUG

enum { AVOW__TALLY_NAMES = 20 };

/* In the order in which the names came. A row without a name ends it. */
typedef struct {
  struct avow__tally_row_s {
    const char *name;
    uint64_t count;
  } rows[AVOW__TALLY_NAMES + 1];
} avow__tally_t;

/* Counts n things of that name. If there are too many names, the last row
   counts "others". */
void avow__tally_add(avow__tally_t *tally, const char *name, uint64_t n);

uint64_t avow__tally_sum(const avow__tally_t *tally);

/* Prints an indented line for each name: `before`, the count and the name. */
void avow__tally_print(const avow__tally_t *tally, const char *before);

#endif

#endif
