/* SPDX-License-Identifier: MIT */
/* Random numbers, and the paths that they select. */
#include "fs_paths.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

char top[PATH], root[PATH];

static uint64_t state;

void draw_from(uint64_t seed) {
  state = seed * UINT64_C(0x2545f4914f6cdd1d);
}

uint64_t draw(uint64_t bound) {
  uint64_t x = state += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (x ^ (x >> 31)) % bound;
}

/* Paths have few different names, so that they often coincide. Links do not
   lead upward. */
static void add_name(char *path, bool is_link) {
  static const char *const names[] = { "a", "b", "c", "d", "a",
                                       "b", "c", "e", ".", ".." };
  strcat(path, names[draw(is_link ? 9 : 10)]);
}

static void add_rare(char *path) {
  const uint64_t what = draw(4);
  if (what == 0)
    path[0] = '\0';
  else if (what == 1)
    memset(path, 'n', 250 + (size_t) draw(10));
  else if (what == 2)
    strcat(path, "//");
  else
    for (size_t len = 4090 + (size_t) draw(8), i = 0; i < len; i++)
      path[i] = i % 2 == 0 ? '.' : '/';
}

const char *path_of(int i, bool is_link) {
  static char paths[2][PATH];
  char *path = paths[i];
  memset(path, 0, PATH);
  if (draw(8) == 0)
    strcat(strcpy(path, root), "/");
  add_name(path, is_link);
  for (uint64_t depth = draw(3); depth > 0; depth--) {
    strcat(path, draw(10) == 0 ? "//" : "/");
    add_name(path, is_link);
  }
  if (draw(10) == 0)
    strcat(path, "/");
  if (draw(50) == 0)
    add_rare(path);
  return path;
}

const char *some_path(int i) {
  return path_of(i, false);
}

const char *told(const char *path) {
  static char text[4 * 61];
  static int turn;
  char *out = text + (ptrdiff_t) (turn++ % 4) * 61;
  const size_t len = strlen(top);
  const bool is_here = strncmp(path, top, len) == 0;
  (void) snprintf(out, 61, "%s%s", is_here ? "~" : "",
                  is_here ? path + len : path);
  return out;
}
