/* SPDX-License-Identifier: MIT */
/*
 * What becomes of the exceptions of C++. C has none: what one passes through is
 * left as it stands, and here that would be a loop in the middle of its queue.
 */
#include "fiber/exceptions.h"

#include <stdio.h>
#include <stdlib.h>

void avow__exceptions_exchange(avow__exceptions_t *e) {
  for (int i = 0; i < AVOW__EXCEPTION_WORDS; i++) {
    void *word = e->globals[i];
    e->globals[i] = e->words[i];
    e->words[i] = word;
  }
}

/* Whoever throws and finds nobody that catches never comes here: C++ says so
   itself, and ends the process. */
void avow__exceptions_end(const volatile bool *inside) {
  if (!*inside)
    return;
  (void) fputs(
      "avow: an exception left a handler, or another function that avow "
      "had called: catch it there and return avow_error(), or throw it in "
      "an async function, whose promise it rejects\n",
      stderr); /* there is nobody else to tell */
  abort();
}

void avow__exceptions_stop(void (*fn)(struct avow__context_s *c),
                           struct avow__context_s *c) {
  AVOW__AT_EXIT(avow__exceptions_end) volatile bool inside = true;
  fn(c);
  inside = false;
}
