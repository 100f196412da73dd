/* SPDX-License-Identifier: MIT */
/*
 * Whether a name is like a pattern. Only the last star seen is ever tried
 * again: what stands before it matched as early as it could, and no later place
 * can be better. From each place in the name a part of the pattern is read once
 * at most, and its end is looked for once in all if a bracket is not closed. So
 * the time is at most the product of both lengths.
 */
#include "sys/match.h"

#include <stdint.h>
#include <string.h>

/* What no character of UTF-8 has as its number: a byte that is none. */
enum { STRAY = 0x110000 };

typedef struct {
  const char *end;
  const char *sets_end; /* a bracket from here on is closed by no other */
} pattern_t;

static unsigned continued(unsigned char lead) {
  if (lead >= 0xf0)
    return 3;
  if (lead >= 0xe0)
    return 2;
  return lead >= 0xc0 ? 1 : 0;
}

/* The character at *at, which goes on behind it. There is one. */
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

/* The same in a pattern, where a backslash takes what follows as it is. */
static uint32_t next_literal(const char **at, const char *end) {
  if (**at == '\\' && *at + 1 < end)
    (*at)++;
  return next_char(at, end);
}

/* *at is a bracket. False if no other closes it: then none closes a later one,
   which need not be looked for again. */
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

/* A dot that begins a name is matched by none but a dot. */
static bool hides(const char *name, const char *pattern, size_t len) {
  const size_t at = len > 1 && pattern[0] == '\\' ? 1 : 0;
  return name[0] == '.' && len > 0 && pattern[at] != '.';
}

/* One character of the name against what stands at *p, which is no star. Goes
   on behind both if it matches. */
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
      (void) next_char(&starred, name_end); /* the star takes one more */
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
