/* SPDX-License-Identifier: MIT */
/*
 * Finding the program on the stack. Trace builds are compiled with
 * -fpatchable-function-entry=1, which lists the entry of each function of avow
 * in a section. So a frame is known to be avow's or not, even if avow is linked
 * statically.
 */
#include "base/backtrace.h"

#ifdef AVOW_BACKTRACE

#  include <stdbool.h>
#  include <stdint.h>
#  include <stdlib.h>
#  include <unwind.h>

#  include <uv.h>

#  include "base/compiler.h"

/* The linker defines both symbols for a section with this name. */
#  define ENTRIES      __start___patchable_function_entries
#  define ENTRIES_OVER __stop___patchable_function_entries
extern AVOW__HIDDEN uintptr_t ENTRIES[], ENTRIES_OVER[];

static size_t entries(void) {
  return (size_t) (ENTRIES_OVER - ENTRIES);
}

static int compare_entries(const void *one, const void *other) {
  const uintptr_t a = *(const uintptr_t *) one;
  const uintptr_t b = *(const uintptr_t *) other;
  return (a > b) - (a < b);
}

static uv_once_t sorted = UV_ONCE_INIT;

static void sort_entries(void) {
  qsort(ENTRIES, entries(), sizeof(*ENTRIES), compare_entries);
}

/* A landing pad for indirect jumps may precede the listed entry. */
enum { LANDING_PAD = 4 };

static int compare_start(const void *start, const void *entry) {
  const uintptr_t at = *(const uintptr_t *) start;
  const uintptr_t listed = *(const uintptr_t *) entry;
  if (listed < at)
    return 1;
  return listed - at <= LANDING_PAD ? 0 : -1;
}

/* Whether the function that starts at `start` belongs to avow. */
static bool is_avows(uintptr_t start) {
  return bsearch(&start, ENTRIES, entries(), sizeof(start), compare_start) !=
         NULL;
}

/* Stores the place of the first frame that is not avow's. The call lies before
   the address to which it returns, so 1 is subtracted. */
static _Unwind_Reason_Code visit(struct _Unwind_Context *frame, void *place) {
  const uintptr_t returns_to = _Unwind_GetIP(frame);
  if (returns_to != 0 && is_avows((uintptr_t) _Unwind_GetRegionStart(frame)))
    return _URC_NO_REASON;
  if (returns_to != 0)
    *(const void **) place = (const void *) (returns_to - 1);
  return _URC_END_OF_STACK;
}

const void *avow__program_caller(void) {
  const void *place = NULL;
  uv_once(&sorted, sort_entries);
  (void) _Unwind_Backtrace(visit, &place); /* visit() ends it early */
  return place;
}

#endif
