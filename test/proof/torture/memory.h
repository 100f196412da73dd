/* SPDX-License-Identifier: MIT */
/* An allocator for all of avow that counts, and that fails on demand. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>

/* Puts it in place. To be called once, before anything else. */
void memory_init(void);

/* Allocations that are live. */
long memory_live(void);

/* The nth call from now fails (1: the next one), or all from that on. 0: none.
 */
void memory_fail(unsigned nth, bool from_then_on);

/* From now on, one in `so_many` calls fails at random. Equal `start` values
   give equal failures. 0: no call fails. */
void memory_fail_one_in(unsigned so_many, unsigned start);

/* Whether a failure is still to come. */
bool memory_fails(void);

/* Sets the text that is printed if the next run crashes, hangs or violates a
   check. Resets the deadline. */
void announce(const char *text);

/* Prints what did not hold, and aborts. */
_Noreturn void violated(const char *what, const char *file, int line);

#define CHECK(x) ((x) ? (void) 0 : violated(#x, __FILE__, __LINE__))

#endif
