/* SPDX-License-Identifier: MIT */
/* Matching names against patterns, compared with fnmatch(3) too. */
#include "sys/match.h"

#include <fnmatch.h>

#include "harness.h"

static bool matches(const char *pattern, const char *name) {
  return avow__match(pattern, strlen(pattern), name);
}

static void match_handles_utf8_characters(void **state) {
  assert_true(matches("?", "\xc3\xa4"));
  assert_false(matches("??", "\xc3\xa4"));
  assert_true(matches("[\xc3\xa0-\xc3\xbf]x", "\xc3\xa4x"));
  assert_true(matches("?", "\xf0\x9f\x98\x80"));
  assert_true(matches("?", "\xe2\x82\xac"));
  assert_true(matches("??", "\xe2\x82"));
  assert_true(matches("?x", "\xc3x"));
  assert_true(matches("?", "\xff"));
  assert_true(matches("*\xff", "abc\xff"));
  assert_false(matches("\xff", "\xfe"));
}

static void match_treats_unclosed_brackets_as_text(void **state) {
  assert_true(matches("[a", "[a"));
  assert_true(matches("[", "["));
  assert_true(matches("a[!", "a[!"));
  assert_true(matches("a\\", "a\\"));
  assert_true(matches("[]]", "]"));
  assert_true(matches("[!]]", "a"));
  assert_true(matches("[^b]", "a"));
  assert_false(matches("[^b]", "b"));
  assert_true(matches("[a-]", "-"));
  assert_true(matches("[\\]]", "]"));
  assert_true(matches("\\*", "*"));
  assert_false(matches("\\*", "x"));
}

/* The test ends only if no pattern takes exponential time. */
static void match_of_many_stars_is_quick(void **state) {
  char name[4096], pattern[512] = "";
  memset(name, 'a', sizeof(name) - 1);
  name[sizeof(name) - 1] = '\0';
  for (int i = 0; i < 200; i++)
    strcat(pattern, "a*");
  strcat(pattern, "b");

  assert_false(matches(pattern, name));
}

/* The search for the end of a set must not start again at each place. */
static void match_of_many_open_brackets_is_quick(void **state) {
  enum { LONG = 4 << 20, OPEN = 127 };
  char name[256];
  memset(name, '[', sizeof(name) - 1);
  name[sizeof(name) - 1] = '\0';
  char *pattern = malloc(LONG);
  assert_non_null(pattern);
  memset(pattern, 'y', LONG);
  memset(pattern, '[', 1 + OPEN);
  pattern[0] = '*';

  assert_false(avow__match(pattern, LONG, name));
  assert_true(avow__match(pattern, 1 + OPEN, name));

  free(pattern);
}

/* Finds the [ that each ] closes. The first character of a set never ends the
   set. */
static void match_finds_the_closing_brackets(void **state) {
  assert_true(matches("[]a", "[]a"));
  assert_true(matches("[[]x", "[x"));
  assert_true(matches("[][]x", "[x"));
  assert_true(matches("[][]x", "]x"));
  assert_true(matches("[a]*[b", "ab[b"));
  assert_true(matches("*[b]*[c", "xb[b[c"));
  assert_false(matches("[!][[a]", "[![a"));
  assert_true(matches("*[\\][[", "x[][["));
}

static unsigned random_state = 1;

static unsigned roll(unsigned n) {
  random_state = random_state * 1103515245U + 12345U;
  return (random_state >> 16) % n;
}

static void fill(char *out, const char *letters, unsigned most) {
  const unsigned len = roll(most + 1);
  for (unsigned i = 0; i < len; i++)
    out[i] = letters[roll((unsigned) strlen(letters))];
  out[len] = '\0';
}

/* Excludes patterns for which fnmatch() is unspecified: open sets, ranges that
   run backward, and a backslash at the end or in a set. */
static bool is_plain(const char *pattern) {
  const char *p = pattern;
  while (*p != '\0') {
    if (*p != '[') {
      p++;
      continue;
    }
    p++;
    if (*p == '!')
      p++;
    if (*p == ']' || *p == '\0')
      return false;
    for (; *p != ']'; p++)
      if (*p == '\0' || *p == '[' || *p == '!')
        return false;
    p++;
  }
  return true;
}

static void match_agrees_with_fnmatch(void **state) {
  char pattern[16], name[16];
  int agreed = 0, positive = 0;
  for (int i = 0; i < 400000; i++) {
    fill(pattern, "aaabbb.***???[]!", 9);
    fill(name, "ab.", 7);
    if (name[0] == '\0' || !is_plain(pattern))
      continue;
    const bool expected = fnmatch(pattern, name, FNM_PERIOD) == 0;
    if (matches(pattern, name) != expected)
      fail_msg("'%s' and '%s': not %d", pattern, name, expected);
    agreed++;
    positive += expected ? 1 : 0;
  }
  assert_true(agreed > 50000 && positive > 5000);
}

SUITE(match) {
  const struct CMUnitTest tests[] = {
    CASE(match_handles_utf8_characters),
    CASE(match_treats_unclosed_brackets_as_text),
    CASE(match_of_many_stars_is_quick),
    CASE(match_of_many_open_brackets_is_quick),
    CASE(match_finds_the_closing_brackets),
    CASE(match_agrees_with_fnmatch),
  };
  return RUN(tests);
}
