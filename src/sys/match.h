/* SPDX-License-Identifier: MIT */
/* Whether a name is like a pattern. */
#ifndef AVOW_MATCH_H
#define AVOW_MATCH_H

#include <stdbool.h>
#include <stddef.h>

/* The pattern has len bytes, of which none is a slash. Takes time in proportion
   to the product of both lengths at most. */
bool avow__match(const char *text, size_t len, const char *name);

/* Whether it is more than the name itself. */
bool avow__match_is_magic(const char *pattern, size_t len);

#endif
