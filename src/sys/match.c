/* SPDX-License-Identifier: MIT */
/*
 * Matches a name against a pattern. Only the last star is tried again:
 * everything before it matched as early as possible, and no later match can be
 * better. From each position in the name, each part of the pattern is read at
 * most once. The end of an unclosed bracket is searched only once. The time is
 * therefore at most proportional to the product of both lengths.
 */
#include "sys/match.h"

#include <stdint.h>
#include <string.h>

/* The number of a byte that is not UTF-8, greater than that of any
   character. */
enum { STRAY = 0x110000 };

typedef struct {
  const char *end;
  const char *sets_end; /* no bracket from here on is closed */
} pattern_t;

static unsigned continued(unsigned char lead) {
  if (lead >= 0xf0)
    return 3;
  if (lead >= 0xe0)
    return 2;
  return lead >= 0xc0 ? 1 : 0;
}

/* Returns the character at *at, and moves *at past it. There must be a
   character. */
static uint32_t next_char(const char **at, const char *end) {
  const unsigned char *s = (const unsigned char *) *at;
  const unsigned more = continued(s[0]);
  uint32_t c = more == 0 ? s[0] : s[0] & (0x3fU >> more);
  (*at)++;
  if (s[0] < 0x80)
    return c;
  for (unsigned i = 1; i <= more; i++) {
    if (*at + i - 1 == end || (s[i] & 0xc0) != 0x80)
      return (uint32_t) STRAY + s[0];
    c = c << 6 | (s[i] & 0x3fU);
  }
  *at += more;
  return more == 0 ? (uint32_t) STRAY + s[0] : c;
}

/* Returns the next character of a pattern. A backslash makes the following
   character literal. */
static uint32_t next_literal(const char **at, const char *end) {
  if (**at == '\\' && *at + 1 < end)
    (*at)++;
  return next_char(at, end);
}

/* *at is an opening bracket. Returns false if it is not closed. Then later
   brackets are not closed either, and are not searched again. */
static bool match_set(pattern_t *pattern, const char **at, uint32_t c,
                      bool *matches) {
  const char *p = *at + 1;
  const char *end = pattern->end;
  const bool negated = p < end && (*p == '!' || *p == '^');
  bool found = false;
  if (negated)
    p++;
  for (const char *first = p; p < end && (*p != ']' || p == first);) {
    const uint32_t low = next_literal(&p, end);
    uint32_t high = low;
    if (end - p > 1 && p[0] == '-' && p[1] != ']') {
      p++;
      high = next_literal(&p, end);
    }
    found = found || (low <= c && c <= high);
  }
  if (p == end) {
    pattern->sets_end = *at;
    return false;
  }
  *at = p + 1;
  *matches = found != negated;
  return true;
}

/* A dot at the start of a name matches only a dot in the pattern. */
static bool hides(const char *name, const char *pattern, size_t len) {
  const size_t at = len > 1 && pattern[0] == '\\' ? 1 : 0;
  return name[0] == '.' && len > 0 && pattern[at] != '.';
}

/* Matches one character of the name against the element at *p, which is not a
   star. Moves past both if they match. */
static bool match_char(pattern_t *pattern, const char **p, const char **name,
                       const char *name_end) {
  if (*p == pattern->end)
    return false;
  const char *at = *p;
  const char *rest = *name;
  const uint32_t c = next_char(&rest, name_end);
  const bool may_be_set = *at == '[' && at < pattern->sets_end;
  bool matches = true;
  if (*at == '?')
    at++;
  else if (!may_be_set || !match_set(pattern, &at, c, &matches))
    matches = next_literal(&at, pattern->end) == c;
  if (!matches)
    return false;
  *p = at;
  *name = rest;
  return true;
}

bool avow__match(const char *text, size_t len, const char *name) {
  pattern_t pattern = { text + len, text + len };
  const char *p = text, *name_end = name + strlen(name);
  const char *star = NULL, *starred = NULL;
  if (hides(name, text, len))
    return false;
  while (name < name_end) {
    if (p < pattern.end && *p == '*') {
      star = ++p;
      starred = name;
    } else if (!match_char(&pattern, &p, &name, name_end)) {
      if (star == NULL)
        return false;
      /* the star takes one more character */
      (void) next_char(&starred, name_end);
      p = star;
      name = starred;
    }
  }
  while (p < pattern.end && *p == '*')
    p++;
  return p == pattern.end;
}

bool avow__match_is_magic(const char *pattern, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (strchr("*?[\\", pattern[i]) != NULL)
      return true;
  return false;
}
