/* SPDX-License-Identifier: MIT */
#include "base/surplus.h"

enum { REVIEW = 1000 }; /* ms */

static size_t less(size_t from, size_t by) {
  return from > by ? from - by : 0;
}

static size_t unneeded(const avow__surplus_t *s, size_t unused, size_t keep) {
  return less(s->least < unused ? s->least : unused, keep);
}

size_t avow__surplus_review(avow__surplus_t *s, size_t unused, size_t keep,
                            uint64_t now) {
  if (s->count == 0 && now - s->reviewed >= REVIEW) {
    s->count = unneeded(s, unused, keep);
    s->least = unused;
    s->reviewed = now;
  }
  const size_t most = unneeded(s, unused, keep);
  if (s->count > most)
    s->count = most; /* some were needed meanwhile */
  return s->count;
}

unsigned avow__surplus_freed(avow__surplus_t *s, size_t freed, size_t unused,
                             size_t keep) {
  s->count = less(s->count, freed);
  s->least = less(s->least, freed);
  if (unused <= keep)
    return 0;
  return s->count > 0 ? 1 : REVIEW;
}
