/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer's target: a line as a name, and the rest as a pattern. The matcher
 * is compiled to call a function at each branch, so that its time is measured
 * without a clock. The time is at most the product of both lengths.
 */
#include "sys/match.h"

#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "../replay.h"
#include "text.h"

enum { STEPS = 40 }; /* limit per pair of bytes */

static size_t steps;

/* The function that compiled code calls. libFuzzer defines one of that name. */
#ifndef COUNTER
#  define COUNTER __sanitizer_cov_trace_pc
#endif

void COUNTER(void);

void COUNTER(void) {
  steps++;
}

static bool matches(const char *pattern, size_t len, const char *name) {
  steps = 0;
  const bool yes = avow__match(pattern, len, name);
  CHECK(steps <= STEPS * (len + 1) * (strlen(name) + 1));
  return yes;
}

/* Checks that a name matches itself with a backslash before special bytes. */
static void check_quoted(const char *name) {
  char *quoted = malloc(2 * strlen(name) + 1);
  size_t len = 0;
  if (quoted == NULL)
    abort();
  for (const char *c = name; *c != '\0'; c++) {
    if (strchr("*?[\\", *c) != NULL)
      quoted[len++] = '\\';
    quoted[len++] = *c;
  }
  CHECK(matches(quoted, len, name));
  free(quoted);
}

/* Checks that a star before a pattern excludes only hidden names. */
static void check_with_star(const char *pattern, size_t len, const char *name) {
  char *starred = malloc(len + 1);
  if (starred == NULL)
    abort();
  starred[0] = '*';
  memcpy(starred + 1, pattern, len);
  CHECK(matches(starred, len + 1, name) == (name[0] != '.'));
  free(starred);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *name = text_line(&data, &size);
  char *pattern = text_new(data, size);
  if (matches(pattern, size, name))
    check_with_star(pattern, size, name);
  check_quoted(name);
  free(pattern);
  free(name);
  return 0;
}
