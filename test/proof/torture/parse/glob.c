/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer's target: a path pattern in a small tree with unusual names. Each
 * result must exist, occur once, and be in order.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../memory.h"
#include "../replay.h"
#include "avow/all.h"
#include "sys/match.h"
#include "text.h"

static uv_loop_t loop;
static avow_value_t dir;

static void end(void) {
  avow_value_unref(dir); /* removes the directory */
  CHECK(avow_loop_close(&loop) == 0 && uv_loop_close(&loop) == 0);
}

static void make_tree(void) {
  static const char *const dirs[] = { "d", "d/e", "d/.h", "[x" };
  static const char *const files[] = { "a",    "ab",       ".h",    "*",
                                       "a-b",  "d/a",      "d/e/a", "d/.h/x",
                                       "[x/]", "\xc3\xa4", "\xff",  "d/e/!",
                                       "a\\b" };
  for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
    CHECK(mkdir(dirs[i], 0700) == 0);
  for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
    CHECK(close(open(files[i], O_CREAT | O_WRONLY, 0600)) == 0);
  CHECK(symlink("d", "l") == 0); /* a link upward would give endless paths */
}

static void begin(void) {
  CHECK(uv_loop_init(&loop) == 0 &&
        avow_loop_init(&loop, &(avow_options_t){ .slow_us = UINT_MAX }) == 0);
  dir = avow_run(avow_temp_dir(&loop, "fuzz-glob-"));
  CHECK(!avow_is_error(&dir) && chdir(avow_to_temp_dir(&dir)) == 0);
  make_tree();
  CHECK(atexit(end) == 0);
}

static const char *path_at(const avow_value_t *paths, size_t i) {
  return avow_to_bytes(avow_list_at(paths, i), NULL);
}

static void check_found(const char *pattern, const avow_value_t *paths) {
  const bool one_name = strchr(pattern, '/') == NULL;
  struct stat stat;
  for (size_t i = 0; i < avow_list_len(paths); i++) {
    const char *path = path_at(paths, i);
    CHECK(i == 0 || strcmp(path_at(paths, i - 1), path) < 0);
    CHECK(lstat(path, &stat) == 0);
    if (one_name && strcmp(pattern, "**") != 0)
      CHECK(strcmp(pattern, path) == 0 ||
            avow__match(pattern, strlen(pattern), path));
  }
}

/* Outside the tree, there are too many entries to search. */
static bool leads_out(const char *pattern) {
  return pattern[0] == '/' || strstr(pattern, "..") != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (loop.data == NULL)
    begin();
  loop.data = &loop; /* it is initialized */
  char *pattern = text_new(data, size);
  if (!leads_out(pattern)) {
    const avow_value_t paths = avow_run(avow_glob(&loop, pattern));
    if (avow_is_error(&paths))
      CHECK(avow_error_code(&paths) == UV_EINVAL ||
            avow_error_code(&paths) == UV_ENAMETOOLONG);
    else
      check_found(pattern, &paths);
    avow_value_unref(paths);
  }
  free(pattern);
  return 0;
}
