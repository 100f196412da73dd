/* SPDX-License-Identifier: MIT */
/* Copying over existing entries. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copied_tree.h"
#include "disk.h"

static avow_promise_t *copy_with(const char *from, const char *to,
                                 avow_existing_t existing) {
  const avow_copy_options_t options = { .existing = existing };
  return avow_copy_tree(loop, at(from), at(to), &options);
}

static avow_promise_t *start_copy(void) {
  return avow_copy_tree(loop, at("a"), at("to"), NULL);
}

static void existing_entry_is_refused(void **state) {
  make_source_tree();
  make_dir("to");
  make_file("to/one", "old");

  assert_says(start_copy(), UV_EEXIST, "copy '%s': file already exists",
              at("a/one"));

  assert_file("to/one", "old");
}

static void existing_entries_are_replaced(void **state) {
  make_source_tree();
  make_dir("to");
  make_file("other", "kept");
  make_link("to/one", "../other");
  make_file("to/link", "old");

  assert_fulfills_int(copy_with("a", "to", AVOW_EXISTING_REPLACE), ENTRIES);

  assert_copied("to");
  assert_file("other", "kept");
}

/* Creates a directory on a file system other than the tests' own. */
static bool make_on_another_file_system(char *template) {
  struct stat here, there;
  if (mkdtemp(template) == NULL)
    return false;
  assert_int_equal(stat(at(""), &here), 0);
  assert_int_equal(stat(template, &there), 0);
  return here.st_dev != there.st_dev;
}

/* Inode numbers belong to a file system. Equal numbers may be of two files. */
static void existing_entries_are_replaced_across_file_systems(void **state) {
  char elsewhere[] = "/dev/shm/avow-XXXXXX";
  const avow_copy_options_t options = { .existing = AVOW_EXISTING_REPLACE };
  if (!make_on_another_file_system(elsewhere))
    skip_because("/dev/shm is no other file system");
  make_source_tree();

  for (int i = 0; i < 2; i++)
    assert_fulfills_int(avow_copy_tree(loop, at("a"), elsewhere, &options),
                        ENTRIES);

  assert_fulfills_int(avow_copy_tree(loop, elsewhere, at("back"), NULL),
                      ENTRIES);
  assert_copied("back");
  avow_value_unref(avow_run(avow_remove_tree(loop, elsewhere)));
}

enum { LARGE = 2 << 20 };

static void make_large(const char *name) {
  static char text[LARGE + 1];
  memset(text, 'x', LARGE);
  make_file(name, text);
}

/* Limits the size of the files that are written from now on, to simulate a full
   disk. */
static void fill_disk_at(rlim_t size) {
  const struct rlimit limit = { size, RLIM_INFINITY };
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void existing_file_is_kept_when_the_disk_is_full(void **state) {
  const int before = open_files();
  make_dir("a");
  make_large("a/one");
  make_dir("to");
  make_file("to/one", "old");

  fill_disk_at(LARGE / 2);
  const avow_value_t v = avow_run(copy_with("a", "to", AVOW_EXISTING_REPLACE));
  fill_disk_at(RLIM_INFINITY);

  assert_int_equal(avow_error_code(&v), UV_EFBIG);
  avow_value_unref(v);
  assert_file("to/one", "old");
  assert_int_equal(entries_of("to"), 1);
  assert_int_equal(open_files(), before);
}

static void existing_entries_are_kept(void **state) {
  make_source_tree();
  make_dir("to");
  make_file("to/one", "old");
  make_file("to/link", "old");

  assert_fulfills_int(copy_with("a", "to", AVOW_EXISTING_KEEP), ENTRIES);

  assert_file("to/one", "old");
  assert_file("to/link", "old");
  assert_file("to/b/two", "22");
}

static void existing_directory_keeps_its_mode(void **state) {
  make_source_tree();
  make_dir("to");
  assert_int_equal(chmod(at("to"), 0711), 0);

  assert_fulfills_int(start_copy(), ENTRIES);

  assert_int_equal(mode_of("to"), 0711);
}

static void entry_of_another_type_is_not_replaced(void **state) {
  make_source_tree();
  make_dir("to");
  make_dir("to/one");
  assert_says(copy_with("a", "to", AVOW_EXISTING_REPLACE), UV_EISDIR,
              "copy '%s': illegal operation on a directory", at("a/one"));

  make_dir("to2");
  make_file("to2/b", "");
  assert_says(copy_with("a", "to2", AVOW_EXISTING_REPLACE), UV_ENOTDIR,
              "copy '%s': not a directory", at("a/b"));
}

static void file_is_not_replaced_by_itself(void **state) {
  make_file("file", "text");
  make_link("link", "file");
  assert_int_equal(link(at("file"), at("same")), 0);

  assert_rejects(copy_with("file", "file", AVOW_EXISTING_REPLACE), UV_EINVAL);
  assert_rejects(copy_with("file", "same", AVOW_EXISTING_REPLACE), UV_EINVAL);

  assert_file("file", "text");
  assert_file("same", "text");
}

static avow_promise_t *start_replacing(void) {
  return copy_with("one", "two", AVOW_EXISTING_REPLACE);
}

static void replacing_survives_failing_memory(void **state) {
  make_file("one", "new");
  make_file("two", "old");

  survive_failing_memory(start_replacing, NULL);

  run();
  assert_file("two", "new");
  assert_int_equal(entries_of(""), 2);
}

SUITE(copy_entry) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(existing_entry_is_refused),
    DISK_CASE(existing_entries_are_replaced),
    DISK_CASE(existing_file_is_kept_when_the_disk_is_full),
    DISK_CASE(existing_entries_are_kept),
    DISK_CASE(existing_directory_keeps_its_mode),
    DISK_CASE(entry_of_another_type_is_not_replaced),
    DISK_CASE(file_is_not_replaced_by_itself),
    DISK_CASE(replacing_survives_failing_memory),
    DISK_CASE(existing_entries_are_replaced_across_file_systems),
  };
  disk_init();
  (void) signal(SIGXFSZ, SIG_IGN);
  return RUN(tests);
}
