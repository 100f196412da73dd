/* SPDX-License-Identifier: MIT */
/* Links in the path of a file that is replaced. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"

enum { NOBODY = 65534 };

static avow_promise_t *replace(const char *name) {
  return avow_replace_file(loop, at(name), avow_string("new"), 0640);
}

static void give(const char *name, uid_t user, gid_t group) {
  assert_int_equal(lchown(at(name), user, group), 0);
}

static void need_root(void) {
  if (geteuid() != 0)
    skip_because("only root gives files away");
}

static void replace_file_follows_links(void **state) {
  make_dir("dir");
  make_file("dir/file", "old");
  make_link("link", "dir/file");

  assert_fulfills_int(replace("link"), 3);

  assert_file("dir/file", "new");
  assert_int_equal(entries_of("dir"), 1);
  assert_int_equal(entries_of(""), 2);
}

static void replace_file_creates_the_target_of_a_link(void **state) {
  make_dir("dir");
  make_link("link", "dir/other");
  make_link("dir/other", at("file"));

  assert_fulfills_int(replace("link"), 3);

  assert_file("file", "new");
  assert_file("dir/other", "new");
  assert_int_equal(entries_of("dir"), 1);
}

static void replace_file_rejects_circular_links(void **state) {
  make_link("one", "two");
  make_link("two", "one");

  assert_rejects(replace("one"), UV_ELOOP);
}

static void replace_file_rejects_too_many_links(void **state) {
  enum { MANY = 40 };
  char name[8] = "file", link[8];
  make_file("file", "old");
  for (int i = 0; i < MANY; i++) {
    (void) snprintf(link, sizeof(link), "%d", i); /* it fits */
    make_link(link, name);
    memcpy(name, link, sizeof(name));
  }

  assert_rejects(replace(name), UV_ELOOP);

  assert_fulfills_int(replace("20"), 3);
  assert_file("file", "new");
}

/* The kernel returns "/tmp/... (deleted)", which is not a usable name. */
static void replace_file_rejects_a_link_to_a_deleted_file(void **state) {
  char path[32];
  make_file("file", "old");
  const int file = open(at("file"), O_RDONLY);
  (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", file); /* it fits */
  if (access(path, F_OK) != 0)
    skip_because("there is no /proc");
  assert_int_equal(unlink(at("file")), 0);

  assert_says(avow_replace_file(loop, path, avow_string("new"), 0600),
              UV_ENOENT, "replace '%s': no such file or directory", path);

  assert_int_equal(entries_of(""), 0);
  assert_int_equal(close(file), 0);
}

/* All users may write to it. */
static void make_shared(uid_t owner) {
  make_dir("shared");
  assert_int_equal(chmod(at("shared"), 01777), 0);
  give("shared", owner, (gid_t) -1);
  make_file("target", "old");
}

static void replace_file_follows_no_link_of_another_user(void **state) {
  need_root();
  make_shared(0);
  make_link("shared/link", "../target");
  give("shared/link", NOBODY, NOBODY);
  make_link("other", "shared/link");

  assert_says(replace("shared/link"), UV_EACCES,
              "replace '%s': permission denied", at("shared/link"));
  assert_rejects(replace("other"), UV_EACCES);

  assert_file("target", "old");
  assert_int_equal(entries_of("shared"), 1);
}

/* A caller that gives a path through another user's directory trusts that user
   with the path. Linux has this rule too (fs.protected_symlinks). */
static void replace_file_follows_links_in_the_path(void **state) {
  need_root();
  make_shared(0);
  make_dir("dir");
  make_file("dir/file", "old");
  make_link("shared/way", "../dir");
  give("shared/way", NOBODY, NOBODY);
  make_link("link", "shared/way/other");

  assert_fulfills_int(replace("shared/way/file"), 3);
  assert_fulfills_int(replace("link"), 3);

  assert_file("dir/file", "new");
  assert_file("dir/other", "new");
}

static void replace_file_follows_links_of_the_caller(void **state) {
  make_shared(getuid());
  make_link("shared/link", "../target");

  assert_fulfills_int(replace("shared/link"), 3);

  assert_file("target", "new");
}

static void replace_file_follows_links_of_the_directory_owner(void **state) {
  need_root();
  make_shared(NOBODY);
  make_link("shared/link", "../target");
  give("shared/link", NOBODY, NOBODY);

  assert_fulfills_int(replace("shared/link"), 3);

  assert_file("target", "new");
}

/* The directory lacks the sticky bit, which keeps other users from renaming
   entries. */
static void replace_file_follows_links_without_the_sticky_bit(void **state) {
  need_root();
  make_shared(0);
  assert_int_equal(chmod(at("shared"), 0777), 0);
  make_link("shared/link", "../target");
  give("shared/link", NOBODY, NOBODY);

  assert_fulfills_int(replace("shared/link"), 3);

  assert_file("target", "new");
}

SUITE(links) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(replace_file_follows_links),
    DISK_CASE(replace_file_creates_the_target_of_a_link),
    DISK_CASE(replace_file_rejects_circular_links),
    DISK_CASE(replace_file_rejects_too_many_links),
    DISK_CASE(replace_file_rejects_a_link_to_a_deleted_file),
    DISK_CASE(replace_file_follows_no_link_of_another_user),
    DISK_CASE(replace_file_follows_links_in_the_path),
    DISK_CASE(replace_file_follows_links_of_the_caller),
    DISK_CASE(replace_file_follows_links_of_the_directory_owner),
    DISK_CASE(replace_file_follows_links_without_the_sticky_bit),
  };
  disk_init();
  return RUN(tests);
}
