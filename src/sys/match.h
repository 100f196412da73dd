/* SPDX-License-Identifier: MIT */
/* Matches names against patterns. */
#ifndef AVOW_MATCH_H
#define AVOW_MATCH_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the name matches the pattern, which has `len` bytes and no slash. The
   time is at most proportional to the product of both lengths. */
bool avow__match(const char *text, size_t len, const char *name);

/* Whether the pattern has special characters. */
bool avow__match_is_magic(const char *pattern, size_t len);

#endif
