/* SPDX-License-Identifier: MIT */
/* Creating directories and their parents. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"

static avow_promise_t *make_dirs(const char *name) {
  return avow_make_dirs(loop, at(name), 0755);
}

static avow_promise_t *start_make(void) {
  return make_dirs("a/b/c");
}

static void make_dirs_creates_all_parents(void **state) {
  (void) umask(022);

  assert_fulfills_int(start_make(), 3);

  assert_int_equal(mode_of("a/b/c"), 0755);
}

static void make_dirs_creates_missing_directories(void **state) {
  make_dir("a");

  assert_fulfills_int(make_dirs("a/b"), 1);
  assert_fulfills_int(make_dirs("a/b"), 0);
  assert_fulfills_int(make_dirs(""), 0);
  assert_fulfills_int(avow_make_dirs(loop, "/", 0755), 0);
}

static void make_dirs_gives_the_owner_access_to_parents(void **state) {
  assert_fulfills_int(avow_make_dirs(loop, at("a/b"), 0500), 2);

  assert_int_equal(mode_of("a"), 0700);
  assert_int_equal(mode_of("a/b"), 0500);
}

static void make_dirs_accepts_extra_slashes_and_dots(void **state) {
  assert_fulfills_int(make_dirs("x//y///z//"), 3);
  assert_fulfills_int(make_dirs("p/./q/../r"), 3);

  assert_true(is_there("x/y/z"));
  assert_true(is_there("p/r"));
}

static void make_dirs_accepts_a_relative_path(void **state) {
  char *here = getcwd(NULL, 0);
  assert_int_equal(chdir(at("")), 0);

  assert_fulfills_int(avow_make_dirs(loop, "a/b", 0755), 2);

  assert_int_equal(chdir(here), 0);
  free(here);
  assert_true(is_there("a/b"));
}

static void make_dirs_accepts_a_link_to_a_directory(void **state) {
  make_dir("a");
  make_link("link", "a");

  assert_fulfills_int(make_dirs("link/b"), 1);

  assert_true(is_there("a/b"));
}

static void concurrent_make_dirs_create_each_directory_once(void **state) {
  avow_promise_t *ps[8];
  int64_t made = 0;
  for (size_t i = 0; i < 8; i++)
    ps[i] = make_dirs("a/b/c/d/e");

  const avow_value_t all = avow_run(avow_all(loop, ps, 8));

  assert_string_equal(avow_error_message(&all), "no error");
  for (size_t i = 0; i < 8; i++)
    made += avow_to_int(avow_list_at(&all, i));
  assert_int_equal(made, 5);
  avow_value_unref(all);
}

static void make_dirs_error_names_the_path(void **state) {
  make_file("file", "");

  assert_says(make_dirs("file"), UV_EEXIST, "mkdir '%s': file already exists",
              at("file"));
  assert_says(make_dirs("file/a/b"), UV_ENOTDIR, "mkdir '%s': not a directory",
              at("file/a/b"));
  assert_says(avow_make_dirs(loop, "", 0755), UV_EINVAL,
              "mkdir '': invalid argument");
  assert_says(avow_make_dirs(loop, NULL, 0755), UV_EINVAL,
              "mkdir 'NULL': invalid argument");
}

static void make_dirs_rejects_where_creation_fails(void **state) {
  assert_says(avow_make_dirs(loop, "/proc/self/a/b", 0755), UV_ENOENT,
              "mkdir '/proc/self/a': no such file or directory");
}

/* A removed directory exists while a process is in it, but takes no new
   entries. */
static void make_dirs_rejects_in_a_removed_directory(void **state) {
  const int here = open(".", O_RDONLY);
  make_dir("gone");
  assert_int_equal(chdir(at("gone")), 0);
  assert_int_equal(rmdir(at("gone")), 0);

  assert_rejects(avow_make_dirs(loop, "a", 0755), UV_ENOENT);
  assert_rejects(avow_make_dirs(loop, "a/b", 0755), UV_ENOENT);

  assert_int_equal(fchdir(here), 0);
  assert_int_equal(close(here), 0);
}

static void canceled_queued_make_dirs_creates_nothing(void **state) {
  hold_pool(THREADS);
  assert_cancels_at_once(start_make());
  release_pool();
  run();

  assert_missing("a");
}

static void forget_made(void) {
  assert_fulfills_int(avow_remove_tree(loop, at("a")), is_there("a") ? 3 : 0);
}

static void make_dirs_survives_failing_memory(void **state) {
  survive_failing_memory(start_make, NULL);
  forget_made();
}

SUITE(make_dirs) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(make_dirs_creates_all_parents),
    DISK_CASE(make_dirs_creates_missing_directories),
    DISK_CASE(make_dirs_gives_the_owner_access_to_parents),
    DISK_CASE(make_dirs_accepts_extra_slashes_and_dots),
    DISK_CASE(make_dirs_accepts_a_relative_path),
    DISK_CASE(make_dirs_accepts_a_link_to_a_directory),
    DISK_CASE(concurrent_make_dirs_create_each_directory_once),
    DISK_CASE(make_dirs_error_names_the_path),
    DISK_CASE(make_dirs_rejects_where_creation_fails),
    DISK_CASE(canceled_queued_make_dirs_creates_nothing),
    DISK_CASE(make_dirs_survives_failing_memory),
    DISK_CASE(make_dirs_rejects_in_a_removed_directory),
  };
  disk_init();
  return RUN(tests);
}
