/* SPDX-License-Identifier: MIT */
#include "base/check_tally.h"

#include <inttypes.h>
#include <string.h>

#if AVOW__DEBUG

void avow__tally_add(avow__tally_t *tally, const char *name, uint64_t n) {
  struct avow__tally_row_s *row = tally->rows;
  struct avow__tally_row_s *last = tally->rows + AVOW__TALLY_NAMES - 1;
  while (row < last && row->name != NULL && strcmp(row->name, name) != 0)
    row++;
  row->name = row < last ? name : "others";
  row->count += n;
}

uint64_t avow__tally_sum(const avow__tally_t *tally) {
  uint64_t sum = 0;
  for (int i = 0; i < AVOW__TALLY_NAMES; i++)
    sum += tally->rows[i].count;
  return sum;
}

void avow__tally_print(const avow__tally_t *tally, const char *before) {
  for (int i = 0; tally->rows[i].name != NULL; i++)
    avow__advise("  %s%" PRIu64 " %s", before, tally->rows[i].count,
                 tally->rows[i].name);
}

#else

typedef int avow__nothing_t; /* C requires a declaration in each file */

#endif
