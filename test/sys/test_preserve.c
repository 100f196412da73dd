/* SPDX-License-Identifier: MIT */
/* The metadata that a copy preserves. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#ifdef __linux__
#  include <sys/xattr.h>
#endif
#include <unistd.h>

#include "disk.h"

static avow_promise_t *start_copy(void) {
  return avow_copy_tree(loop, at("a"), at("to"), NULL);
}

/* Times that differ clearly from the current time. */
static void set_times(const char *name) {
  const struct timespec times[2] = { { .tv_sec = 1000000000 },
                                     { .tv_sec = 1100000000 } };
  assert_int_equal(utimensat(AT_FDCWD, at(name), times, AT_SYMLINK_NOFOLLOW),
                   0);
}

static void assert_times(const char *name) {
  struct stat info;
  assert_int_equal(lstat(at(name), &info), 0);
  assert_int_equal(info.st_mtime, 1100000000);
}

static avow_promise_t *start_keeping(void) {
  const avow_copy_options_t options = { .keep = AVOW_KEEP_ALL };
  return avow_copy_tree(loop, at("a"), at("to"), &options);
}

static void copy_tree_keeps_modes_and_times_on_request(void **state) {
  make_dir("a");
  make_dir("a/b");
  make_dir("a/b/c");
  make_file("a/one", "1");
  make_link("a/link", "nowhere");
  assert_int_equal(chmod(at("a/one"), 0604), 0);
  set_times("a/one");
  set_times("a/link");
  assert_int_equal(chmod(at("a/b/c"), 0501), 0);
  set_times("a/b/c");
  set_times("a/b");
  set_times("a");

  assert_fulfills_int(start_keeping(), 5);

  assert_int_equal(mode_of("to/one"), 0604);
  assert_int_equal(mode_of("to/b/c"), 0501);
  assert_times("to/one");
  assert_times("to/link");
  assert_times("to/b/c");
  assert_times("to/b");
  assert_times("to");
  assert_int_equal(chmod(at("a/b/c"), 0700), 0); /* so that it can be removed */
  assert_int_equal(chmod(at("to/b/c"), 0700), 0);
}

static void copy_tree_does_not_keep_times_by_default(void **state) {
  struct stat info;
  make_file("a", "");
  set_times("a");

  assert_fulfills_int(start_copy(), 1);

  assert_int_equal(lstat(at("to"), &info), 0);
  assert_true(info.st_mtime > 1100000000);
}

static void copy_tree_applies_the_umask(void **state) {
  make_dir("a");
  make_file("a/one", "1");
  assert_int_equal(chmod(at("a/one"), 0666), 0);
  assert_int_equal(chmod(at("a"), 0777), 0);

  const mode_t before = umask(027);
  assert_fulfills_int(start_copy(), 2);
  (void) umask(before);

  assert_int_equal(mode_of("to"), 0750);
  assert_int_equal(mode_of("to/one"), 0640);
}

static unsigned owner_of(const char *name) {
  struct stat info;
  assert_int_equal(lstat(at(name), &info), 0);
  return info.st_uid;
}

/* Gives the file to another user if this process may do that. */
static unsigned make_set_uid(const char *name) {
  make_file(name, "program");
  (void) chown(at(name), 1234, 1234); /* or not permitted */
  assert_int_equal(chmod(at(name), 06755), 0);
  return owner_of(name);
}

static void copy_tree_drops_set_uid_bits_by_default(void **state) {
  (void) make_set_uid("a");

  assert_fulfills_int(start_copy(), 1);

  assert_int_equal(owner_of("to"), geteuid());
  assert_int_equal(mode_of("to"), 0755);
}

static void copy_tree_keeps_owners_on_request(void **state) {
  make_dir("a");
  const unsigned owner = make_set_uid("a/one");
  make_link("a/link", "one");
  (void) lchown(at("a/link"), 1234, 1234); /* or not permitted */
  const unsigned owner_of_link = owner_of("a/link");

  assert_fulfills_int(start_keeping(), 3);

  assert_int_equal(owner_of("to/one"), owner);
  assert_int_equal(mode_of("to/one"), 06755);
  assert_int_equal(owner_of("to/link"), owner_of_link);
}

static void copy_tree_keeps_set_uid_bits_only_with_the_owner(void **state) {
  enum { NOBODY = 65534 };
  if (geteuid() != 0)
    skip_because("only root can become somebody else");
  make_dir("a");
  (void) make_set_uid("a/one");
  make_dir("there");
  assert_int_equal(chmod(at(""), 0755), 0);
  assert_int_equal(chown(at("there"), NOBODY, NOBODY), 0);
  const avow_copy_options_t options = { .keep = AVOW_KEEP_ALL };

  assert_int_equal(seteuid(NOBODY), 0);
  const avow_value_t v =
      avow_run(avow_copy_tree(loop, at("a"), at("there/to"), &options));
  assert_int_equal(seteuid(0), 0);

  assert_int_equal(avow_to_int(&v), 2);
  assert_int_equal(owner_of("there/to/one"), NOBODY);
  assert_int_equal(mode_of("there/to/one"), 0755);
}

/* Creates a file of three gigabytes that is mostly a hole. */
static void make_sparse(const char *name) {
  const int file = open(at(name), O_WRONLY | O_CREAT | O_EXCL, 0644);
  assert_true(file >= 0);
  assert_int_equal(ftruncate(file, (off_t) 3 << 30), 0);
  assert_int_equal(pwrite(file, "begin", 5, 0), 5);
  assert_int_equal(pwrite(file, "middle", 6, (off_t) 1 << 30), 6);
  assert_int_equal(close(file), 0);
}

static blkcnt_t blocks_of(const char *name) {
  struct stat info;
  assert_int_equal(stat(at(name), &info), 0);
  assert_int_equal(info.st_size, (off_t) 3 << 30);
  return info.st_blocks;
}

static void copy_tree_keeps_holes(void **state) {
  char text[8] = "";
  make_sparse("a");
  if (blocks_of("a") > 4096)
    skip_because("files have no holes here");

  assert_fulfills_int(start_copy(), 1);

  assert_true(blocks_of("to") <= 4096);
  const int file = open(at("to"), O_RDONLY);
  assert_int_equal(pread(file, text, 7, 0), 7);
  assert_string_equal(text, "begin");
  assert_int_equal(pread(file, text, 7, (off_t) 1 << 30), 7);
  assert_string_equal(text, "middle");
  assert_int_equal(close(file), 0);
}

static void copy_tree_copies_data_after_a_hole(void **state) {
  char text[4] = "";
  make_file("a", "");
  const int file = open(at("a"), O_RDWR);
  assert_int_equal(pwrite(file, "end", 3, 1 << 20), 3);
  assert_int_equal(close(file), 0);

  assert_fulfills_int(start_copy(), 1);

  const int copied = open(at("to"), O_RDONLY);
  assert_int_equal(pread(copied, text, 4, 1 << 20), 3);
  assert_string_equal(text, "end");
  assert_int_equal(close(copied), 0);
}

static void copy_tree_copies_a_file_that_is_only_a_hole(void **state) {
  make_file("a", "");
  assert_int_equal(truncate(at("a"), (off_t) 3 << 30), 0);
  if (blocks_of("a") > 0)
    skip_because("files have no holes here");

  assert_fulfills_int(start_copy(), 1);

  assert_int_equal(blocks_of("to"), 0);
}

/* The reported size of such a file is a page, and it has no blocks. */
static void copy_tree_ignores_a_reported_size_that_is_too_large(void **state) {
  const char *path = "/sys/kernel/mm/transparent_hugepage/enabled";
  struct stat copied;
  char text[200];
  if (access(path, R_OK) != 0)
    skip_because("no file here has a size that is too large");
  const int file = open(path, O_RDONLY);
  const ssize_t len = read(file, text, sizeof(text));
  assert_int_equal(close(file), 0);

  assert_fulfills_int(avow_copy_tree(loop, path, at("to"), NULL), 1);

  assert_int_equal(stat(at("to"), &copied), 0);
  assert_int_equal(copied.st_size, len);
}

static void copy_tree_copies_long_links(void **state) {
  char text[1001] = "", copied[1001] = "";
  memset(text, 'x', sizeof(text) - 1);
  make_link("a", text);

  assert_fulfills_int(start_copy(), 1);

  assert_int_equal(readlink(at("to"), copied, sizeof(copied)), 1000);
  assert_string_equal(copied, text);
}

#ifdef __linux__

/* One named user may read and write. */
static const unsigned char entries[] = {
  2,  0, 0, 0,                         /* version */
  1,  0, 6, 0, 0xff, 0xff, 0xff, 0xff, /* user::rw- */
  2,  0, 6, 0, 0x39, 0x30, 0,    0,    /* user:12345:rw- */
  4,  0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* group::--- */
  16, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, /* mask::rw- */
  32, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* other::--- */
};

static void set_attribute(const char *name, const char *which, const void *data,
                          size_t len) {
  if (setxattr(at(name), which, data, len, 0) != 0)
    skip_because("the file system has none of these attributes");
}

static void assert_attribute(const char *name, const char *which,
                             const void *data, size_t len) {
  char found[64];
  assert_int_equal(getxattr(at(name), which, found, sizeof(found)), len);
  assert_memory_equal(found, data, len);
}

static void copy_tree_keeps_attributes_on_request(void **state) {
  make_dir("a");
  make_file("a/one", "");
  set_attribute("a", "user.note", "dir", 3);
  set_attribute("a/one", "user.note", "kept", 4);

  assert_fulfills_int(start_keeping(), 2);

  assert_attribute("to", "user.note", "dir", 3);
  assert_attribute("to/one", "user.note", "kept", 4);
}

static void forget_copy(void) {
  avow_ignore(avow_run(avow_remove_tree(loop, at("to"))));
}

/* If the ACL is lost, its mask in the mode is lost too. */
static void copy_tree_with_metadata_survives_failing_memory(void **state) {
  make_dir("a");
  make_file("a/one", "");
  set_attribute("a/one", "system.posix_acl_access", entries, sizeof(entries));

  survive_failing_memory(start_keeping, forget_copy);
}

/* The file has another attribute. Without one, the copy would not examine it so
   closely. */
static void copy_tree_takes_no_acl_from_the_target_directory(void **state) {
  const avow_copy_options_t options = { .keep = AVOW_KEEP_ALL };
  make_file("a", "");
  make_dir("there");
  set_attribute("a", "user.note", "kept", 4);
  set_attribute("there", "system.posix_acl_default", entries, sizeof(entries));

  assert_fulfills_int(avow_copy_tree(loop, at("a"), at("there/to"), &options),
                      1);

  assert_attribute("there/to", "user.note", "kept", 4);
  assert_int_equal(getxattr(at("there/to"), "system.posix_acl_access", NULL, 0),
                   -1);
  assert_int_equal(mode_of("there/to"), mode_of("a"));
}

static void copy_tree_keeps_acls_on_request(void **state) {
  static const char acl[] = "system.posix_acl_access";
  static const char inherited[] = "system.posix_acl_default";
  make_dir("a");
  make_file("a/one", "");
  make_file("a/two", "");
  set_attribute("a", acl, entries, sizeof(entries));
  set_attribute("a", inherited, entries, sizeof(entries));
  set_attribute("a/one", acl, entries, sizeof(entries));

  assert_fulfills_int(start_keeping(), 3);

  assert_attribute("to", acl, entries, sizeof(entries));
  assert_attribute("to", inherited, entries, sizeof(entries));
  assert_attribute("to/one", acl, entries, sizeof(entries));
  assert_int_equal(getxattr(at("to/two"), acl, NULL, 0), -1);
  assert_int_equal(mode_of("to/two"), mode_of("a/two"));
}

#endif

SUITE(preserve) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(copy_tree_keeps_modes_and_times_on_request),
    DISK_CASE(copy_tree_does_not_keep_times_by_default),
    DISK_CASE(copy_tree_applies_the_umask),
    DISK_CASE(copy_tree_drops_set_uid_bits_by_default),
    DISK_CASE(copy_tree_keeps_owners_on_request),
    DISK_CASE(copy_tree_keeps_set_uid_bits_only_with_the_owner),
    DISK_CASE(copy_tree_keeps_holes),
    DISK_CASE(copy_tree_copies_data_after_a_hole),
    DISK_CASE(copy_tree_copies_a_file_that_is_only_a_hole),
    DISK_CASE(copy_tree_ignores_a_reported_size_that_is_too_large),
    DISK_CASE(copy_tree_copies_long_links),
#ifdef __linux__
    DISK_CASE(copy_tree_with_metadata_survives_failing_memory),
    DISK_CASE(copy_tree_keeps_attributes_on_request),
    DISK_CASE(copy_tree_keeps_acls_on_request),
    DISK_CASE(copy_tree_takes_no_acl_from_the_target_directory),
#endif
  };
  disk_init();
  return RUN(tests);
}
