/* SPDX-License-Identifier: MIT */
/* Paths that match a pattern. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tree_on_disk.h"

/* Compares the paths relative to the directory, separated by spaces. */
static void assert_globs(const char *pattern, const char *expected) {
  char text[1024] = "";
  const size_t skip = strlen(at("")) + 1;
  const avow_value_t v = avow_run(avow_glob(loop, at(pattern)));
  assert_string_equal(avow_error_message(&v), "no error");
  for (size_t i = 0; i < avow_list_len(&v); i++) {
    if (i > 0)
      strcat(text, " ");
    strcat(text, avow_to_bytes(avow_list_at(&v, i), NULL) + skip);
  }
  assert_string_equal(text, expected);
  avow_value_unref(v);
}

static void glob_finds_matching_entries(void **state) {
  const int before = open_files();
  make_tree();

  assert_globs("a/*", "a/b a/link a/one.c");
  assert_globs("a/*.c", "a/one.c");
  assert_globs("a/?ne.[ch]", "a/one.c");
  assert_globs("*/*/*.c", "a/b/two.c a/link/two.c");
  assert_globs("a/[!l]*", "a/b a/one.c");
  assert_globs("a/x*", "");
  assert_globs("absent/*", "");
  assert_globs("a/one.c/*", "");
  assert_int_equal(open_files(), before);
}

static void glob_searches_directories_recursively(void **state) {
  make_tree();

  assert_globs("**/*.c", "a/b/c/three.c a/b/two.c a/one.c");
  assert_globs("a/**/**/*.c", "a/b/c/three.c a/b/two.c a/one.c");
  assert_globs("a/**", "a/b a/b/c a/b/c/three.c a/b/two.c a/link a/one.c");
  assert_globs("a/**/c", "a/b/c");
  assert_globs("**/c/**", "a/b/c/three.c");
  assert_globs("a/li*/**/*.c", "a/link/c/three.c a/link/two.c");
}

static void glob_finds_hidden_entries_on_request(void **state) {
  make_tree();

  assert_globs("a/.*", "a/.hidden");
  assert_globs("a/.h*/*.c", "a/.hidden/x.c");
  assert_globs("a/\\.hidden/*", "a/.hidden/x.c");
}

static void glob_with_a_trailing_slash_finds_directories(void **state) {
  make_tree();

  assert_globs("a/*/", "a/b/ a/link/");
  assert_globs("a//", "a/");
  assert_globs("a/one.c/", "");
  assert_globs("**/", "a/ a/b/ a/b/c/ a/link/");
}

static void glob_ignores_links_that_lead_to_no_directory(void **state) {
  make_tree();
  make_link("a/file", "one.c");
  make_link("a/nowhere", "missing");

  assert_globs("a/*/", "a/b/ a/link/");
  assert_globs("a/*/*.c", "a/b/two.c a/link/two.c");
}

static void glob_accepts_a_path_without_wildcards(void **state) {
  make_tree();

  assert_globs("a/b", "a/b");
  assert_globs("a/absent", "");
  assert_globs("a\\/b", "");
  assert_globs("a/b/../one.\\c", "a/b/../one.c");
}

static void glob_follows_dot_and_dot_dot(void **state) {
  const int before = open_files();
  make_tree();

  assert_globs("*/../a/*.c", "a/../a/one.c");
  assert_globs("a/*/./*.c", "a/b/./two.c a/link/./two.c");
  assert_globs("a/*/../one.c", "a/b/../one.c a/link/../one.c");
  assert_globs("a/**/../one.c", "a/b/../one.c");
  assert_globs("a/b/**/./*.c", "a/b/./two.c a/b/c/./three.c");
  assert_globs("a/*/..", "a/b/.. a/link/..");
  assert_globs("*/./", "a/./");
  assert_globs("a/?/../?/..", "a/b/../b/..");
  assert_globs("a/**/../**/c/.", "a/../a/b/c/. a/b/../b/c/. a/b/c/../c/.");
  assert_globs("**/.*", "a/.hidden");
  assert_globs("a/*/.?", "");
  assert_int_equal(open_files(), before);
}

static void relative_glob_starts_in_the_working_directory(void **state) {
  char *here = getcwd(NULL, 0);
  make_tree();
  assert_int_equal(chdir(at("a")), 0);

  const avow_value_t v = avow_run(avow_glob(loop, "**/*.c"));

  assert_int_equal(chdir(here), 0);
  free(here);
  assert_int_equal(avow_list_len(&v), 3);
  assert_string_equal(avow_to_bytes(avow_list_at(&v, 0), NULL), "b/c/three.c");
  avow_value_unref(v);
}

static void absolute_glob_starts_at_the_root(void **state) {
  const avow_value_t v = avow_run(avow_glob(loop, "/[t]m?"));

  assert_int_equal(avow_list_len(&v), 1);
  assert_string_equal(avow_to_bytes(avow_list_at(&v, 0), NULL), "/tmp");
  avow_value_unref(v);
}

static void glob_finds_many_entries(void **state) {
  make_dir("a");
  make_many();

  const avow_value_t v = avow_run(avow_glob(loop, at("a/*")));

  assert_int_equal(avow_list_len(&v), MANY);
  assert_string_equal(avow_to_bytes(avow_list_at(&v, 1), NULL), at("a/1"));
  avow_value_unref(v);
}

/* Nested directories, deeper than a path may be long. */
static void glob_skips_paths_that_are_too_long(void **state) {
  enum { DEEP = 24 };
  char name[201] = "";
  int fds[DEEP + 1];
  memset(name, 'd', sizeof(name) - 1);
  make_dir("a");
  make_file("a/one.c", "");
  fds[0] = open(at("a"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int i = 0; i < DEEP; i++) {
    assert_int_equal(mkdirat(fds[i], name, 0700), 0);
    fds[i + 1] = openat(fds[i], name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fds[i + 1] >= 0);
  }

  assert_globs("**/*.c", "a/one.c");

  for (int i = DEEP; i >= 0; i--) {
    assert_int_equal(close(fds[i]), 0);
    assert_true(i == 0 || unlinkat(fds[i - 1], name, AT_REMOVEDIR) == 0);
  }
}

/* Each name takes a tenth of an iteration, because the end of the pattern is
   tried at each character. */
static void slow_glob_takes_several_iterations(void **state) {
  char name[256] = "a/", pattern[128] = "a/*";
  memset(name + 2, 'x', 200);
  memset(pattern + 3, 'x', 100);
  strcat(pattern, "y");
  make_dir("a");
  for (int i = 0; i < 100; i++) {
    (void) snprintf(name + 202, sizeof(name) - 202, "%d", i); /* it fits */
    make_file(name, "");
  }

  assert_globs(pattern, "");
}

static void glob_rejects_invalid_patterns(void **state) {
  char pattern[256] = "nowhere"; /* matches no entry of the working directory */
  for (int i = 0; i < 63; i++)
    strcat(pattern, "/*");

  assert_says(avow_glob(loop, NULL), UV_EINVAL,
              "glob 'NULL': invalid argument");
  assert_says(avow_glob(loop, ""), UV_EINVAL, "glob '': invalid argument");
  assert_rejects(avow_glob(loop, pattern), UV_EINVAL);
  pattern[strlen(pattern) - 2] = '\0';
  avow_value_unref(avow_run(avow_glob(loop, pattern)));
}

static void glob_rejects_a_pattern_that_is_too_long(void **state) {
  enum { MOST = 4096 };
  char pattern[MOST + 2];
  memset(pattern, '*', sizeof(pattern) - 1);
  memcpy(pattern, "nowhere/", 8);
  pattern[MOST + 1] = '\0';

  assert_rejects(avow_glob(loop, pattern), UV_ENAMETOOLONG);

  pattern[MOST] = '\0';
  const avow_value_t none = avow_run(avow_glob(loop, pattern));
  assert_int_equal(none.tag, AVOW_LIST);
  avow_value_unref(none);
}

/* Two directories, and 65,536 paths from one to the other. */
static void glob_limits_the_size_of_its_result(void **state) {
  char name[251], pattern[100] = "";
  memset(name, 'd', sizeof(name) - 1);
  name[sizeof(name) - 1] = '\0';
  make_dir(name);
  name[0] = 'e';
  make_dir(name);
  for (int i = 0; i < 15; i++)
    strcat(pattern, "*/../");
  strcat(pattern, "*");

  assert_rejects(avow_glob(loop, at(pattern)), UV_EMSGSIZE);
}

static avow_promise_t *start_glob(void) {
  return avow_glob(loop, at("**/*"));
}

static void glob_can_be_canceled(void **state) {
  const int before = open_files();
  make_dir("a");
  make_many();
  avow_promise_t *p = taken_in_a_turn(start_glob);

  assert_cancels(p);
  run();

  assert_int_equal(open_files(), before);
}

static avow_promise_t *start_glob_with_dots(void) {
  return avow_glob(loop, at("a/*/../one.c"));
}

static void glob_survives_failing_memory(void **state) {
  const int before = open_files();
  make_tree();
  make_link("one", "a"); /* more entries than the first buffer holds */
  make_link("two", "a");
  make_link("three", "a");

  survive_failing_memory(start_glob, NULL);
  survive_failing_memory(start_glob_with_dots, NULL);

  assert_int_equal(open_files(), before);
}

SUITE(glob) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(glob_finds_matching_entries),
    DISK_CASE(glob_searches_directories_recursively),
    DISK_CASE(glob_finds_hidden_entries_on_request),
    DISK_CASE(glob_with_a_trailing_slash_finds_directories),
    DISK_CASE(glob_accepts_a_path_without_wildcards),
    DISK_CASE(glob_follows_dot_and_dot_dot),
    DISK_CASE(relative_glob_starts_in_the_working_directory),
    DISK_CASE(absolute_glob_starts_at_the_root),
    DISK_CASE(glob_finds_many_entries),
    DISK_CASE(glob_skips_paths_that_are_too_long),
    DISK_CASE(slow_glob_takes_several_iterations),
    DISK_CASE(glob_rejects_invalid_patterns),
    DISK_CASE(glob_rejects_a_pattern_that_is_too_long),
    DISK_CASE(glob_limits_the_size_of_its_result),
    DISK_CASE(glob_can_be_canceled),
    DISK_CASE(glob_survives_failing_memory),
    DISK_CASE(glob_ignores_links_that_lead_to_no_directory),
  };
  disk_init();
  return RUN(tests);
}
