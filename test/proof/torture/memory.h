/* SPDX-License-Identifier: MIT */
/* An allocator for all of avow that counts, and that fails on demand. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>

/* Installs the allocator. Must be called once, before all other functions. */
void memory_init(void);

/* Returns the number of live allocations. */
long memory_live(void);

/* The nth call from now fails (1: the next call), or all calls from the nth on.
   With 0, no call fails. */
void memory_fail(unsigned nth, bool from_then_on);

/* From now on, one in `so_many` calls fails at random. Equal `start` values
   give equal failures. 0: no call fails. */
void memory_fail_one_in(unsigned so_many, unsigned start);

/* Tells whether a later call will fail. */
bool memory_fails(void);

/* Sets the text that is printed if the next run crashes, hangs or violates a
   check. Resets the deadline. */
void announce(const char *text);

/* Prints the failed condition and aborts. */
_Noreturn void violated(const char *what, const char *file, int line);

#define CHECK(x) ((x) ? (void) 0 : violated(#x, __FILE__, __LINE__))

#endif
