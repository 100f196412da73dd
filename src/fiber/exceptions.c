/* SPDX-License-Identifier: MIT */
/*
 * Handling of C++ exceptions. C functions do not unwind: an exception that
 * passed through avow would leave the loop in the middle of its queue.
 */
#include "fiber/exceptions.h"

#include "base/log.h"

void avow__exceptions_exchange(avow__exceptions_t *e) {
  for (int i = 0; i < AVOW__EXCEPTION_WORDS; i++) {
    void *word = e->globals[i];
    e->globals[i] = e->words[i];
    e->words[i] = word;
  }
}

/* If no handler catches the exception, C++ ends the process itself and this
   function does not run. */
void avow__exceptions_end(const volatile bool *inside) {
  if (!*inside)
    return;
  avow_misuse(
      "an exception left a handler, or another function that avow had called: "
      "catch it there and return avow_error(), or throw it in an async "
      "function, whose promise it rejects");
}

void avow__exceptions_stop(void (*fn)(struct avow__context_s *c),
                           struct avow__context_s *c) {
  AVOW__AT_EXIT(avow__exceptions_end) volatile bool inside = true;
  fn(c);
  inside = false;
}
