/* SPDX-License-Identifier: MIT */
/*
 * What a checked build says while a loop closes: of promises that can never
 * settle, each with its kind, its name and its place.
 */
#include "engine/tell.h"

#include "engine/cycle.h"
#include "engine/name.h"
#include "engine/trace.h"

#if AVOW__DEBUG

enum { LINES = 20 };

static void tell_of_one(const avow_promise_t *p) {
  const char *name = avow__name_of(p);
  const char *where = avow__where(p);
  avow__advise("  %s%s%s%s%s%s", avow__kind_name(p), name != NULL ? " '" : "",
               name != NULL ? name : "", name != NULL ? "'" : "",
               where != NULL ? ", made at " : "", where != NULL ? where : "");
}

static size_t length_of(avow_promise_t *p) {
  size_t n = 1;
  for (avow_promise_t *at = avow__cycle_next(p); at != p;
       at = avow__cycle_next(at))
    n++;
  return n;
}

static void tell_of_cycle(avow_promise_t *p, void *data) {
  bool *told = data;
  if (*told)
    return;
  *told = true;
  const size_t n = length_of(p);
  avow__advise(
      "avow_loop_close(): %zu promise%s for %s and never settle%s; cancel one "
      "of them before:",
      n, n > 1 ? "s wait" : " waits", n > 1 ? "each other" : "itself",
      n > 1 ? "" : "s");
  avow_promise_t *at = p;
  for (size_t i = 0; i < n && i < LINES; i++, at = avow__cycle_next(at))
    tell_of_one(at);
  if (n > LINES)
    avow__advise("  and %zu more", n - LINES);
}

void avow__tell_of_cycle(avow__context_t *c) {
  if (!c->told_cycle)
    avow__cycles_each(c, tell_of_cycle, &c->told_cycle);
}

#endif
