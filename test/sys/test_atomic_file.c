/* SPDX-License-Identifier: MIT */
/*
 * The metadata that a new file inherits from the file that it replaces, and the
 * cleanup of interrupted replacements.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#ifdef __linux__
#  include <sys/xattr.h>
#endif
#include <unistd.h>

#include "disk.h"
#include "sys/temp_file.h"

enum { NOBODY = 65534, OWNER = 12, GROUP = 34 };

static avow_promise_t *replace(const char *name) {
  return avow_replace_file(loop, at(name), avow_string("new"), 0640);
}

static void make_old(const char *name, mode_t mode) {
  make_file(name, "old");
  assert_int_equal(chmod(at(name), mode), 0);
}

static void give(const char *name, uid_t user, gid_t group) {
  assert_int_equal(lchown(at(name), user, group), 0);
}

static void assert_owned(const char *name, uid_t user, gid_t group) {
  struct stat info;
  assert_int_equal(lstat(at(name), &info), 0);
  assert_int_equal(info.st_uid, user);
  assert_int_equal(info.st_gid, group);
}

static void need_root(void) {
  if (geteuid() != 0)
    skip_because("only root gives files away");
}

/* Changes all threads of the process. `group` is an additional group. */
static void become_nobody(gid_t group) {
  assert_int_equal(chmod(at(""), 0777), 0);
  assert_int_equal(setgroups(group != 0 ? 1 : 0, &group), 0);
  assert_int_equal(setegid(NOBODY), 0);
  assert_int_equal(seteuid(NOBODY), 0);
}

static void become_root(void) {
  assert_int_equal(seteuid(0), 0);
  assert_int_equal(setegid(0), 0);
  assert_int_equal(setgroups(0, NULL), 0);
}

/* Owners, groups, modes. */

static void replace_file_keeps_owner_and_group(void **state) {
  need_root();
  make_old("file", 0664);
  for (uid_t owner = 0; owner <= OWNER; owner += OWNER) {
    give("file", owner, GROUP);

    assert_fulfills_int(replace("file"), 3);

    assert_file("file", "new");
    assert_owned("file", owner, GROUP);
    assert_int_equal(mode_of("file"), 0664);
  }
}

/* A write to the file would also have dropped the mode bits. */
static void replace_file_drops_set_uid_and_set_gid_bits(void **state) {
  make_old("file", 06755);

  assert_fulfills_int(replace("file"), 3);

  assert_int_equal(mode_of("file"), 0755);
}

static void replace_as_nobody(const char *name, gid_t group) {
  become_nobody(group);
  avow_promise_t *p = replace(name);
  const avow_value_t v = avow_run(p);
  become_root();
  assert_string_equal(avow_error_message(&v), "no error");
}

static void replace_file_keeps_a_group_of_the_caller(void **state) {
  need_root();
  make_old("file", 0664);
  give("file", OWNER, GROUP);

  replace_as_nobody("file", GROUP);

  assert_file("file", "new");
  assert_owned("file", NOBODY, GROUP);
  assert_int_equal(mode_of("file"), 0664);
}

/* The new group has other members than the old one. */
static void replace_file_without_the_group_narrows_the_mode(void **state) {
  need_root();
  make_old("wide", 0664);
  give("wide", OWNER, GROUP);
  make_old("shut", 0604);
  give("shut", OWNER, GROUP);

  replace_as_nobody("wide", 0);
  replace_as_nobody("shut", 0);

  assert_owned("wide", NOBODY, NOBODY);
  assert_int_equal(mode_of("wide"), 0644);
  assert_int_equal(mode_of("shut"), 0600);
}

#ifdef __linux__

static const char acl[] = "system.posix_acl_access";

/* The owner and one named user may write, the group has no access, and others
   may read. The mask allows writing, and the mode shows the mask. */
#  define ENTRY(tag, bits, low, high) tag, 0, bits, 0, low, high, high, high
static const unsigned char entries[] = {
  2,
  0,
  0,
  0, /* version of the ACL */
  ENTRY(0x01, 6, 255, 255),
  ENTRY(0x02, 6, 7, 0),
  ENTRY(0x04, 0, 255, 255),
  ENTRY(0x10, 6, 255, 255),
  ENTRY(0x20, 4, 255, 255),
};

static void set_acl(const char *name, const char *which) {
  if (setxattr(at(name), which, entries, sizeof(entries), 0) != 0) {
    assert_int_equal(errno, ENOTSUP);
    skip_because("the file system has no ACLs");
  }
}

static void assert_acl(const char *name) {
  unsigned char found[sizeof(entries) + 1];
  assert_int_equal(getxattr(at(name), acl, found, sizeof(found)),
                   sizeof(entries));
  assert_memory_equal(found, entries, sizeof(entries));
}

static void assert_no_attribute(const char *name, const char *which) {
  char found[256];
  assert_int_equal(getxattr(at(name), which, found, sizeof(found)), -1);
  assert_int_equal(errno, ENODATA);
}

static void replace_file_keeps_the_acl(void **state) {
  make_old("file", 0640);
  set_acl("file", acl);
  assert_int_equal(mode_of("file"), 0664);

  assert_fulfills_int(replace("file"), 3);

  assert_file("file", "new");
  assert_acl("file");
  assert_int_equal(mode_of("file"), 0664);
}

/* The mode's bits for the group were the mask. They say nothing about another
   group. */
static void replace_file_without_the_acl_limits_access_to_owner(void **state) {
  need_root();
  make_old("file", 0640);
  give("file", OWNER, GROUP);
  set_acl("file", acl);

  replace_as_nobody("file", 0);

  assert_owned("file", NOBODY, NOBODY);
  assert_int_equal(mode_of("file"), 0600);
  assert_no_attribute("file", acl);
}

static void replace_file_takes_no_acl_from_the_directory(void **state) {
  make_old("file", 0664);
  set_acl("", "system.posix_acl_default");

  assert_fulfills_int(replace("file"), 3);
  assert_fulfills_int(replace("fresh"), 3);

  assert_no_attribute("file", acl);
  assert_int_equal(mode_of("file"), 0664);
  assert_true(getxattr(at("fresh"), acl, NULL, 0) > 0);
  assert_int_equal(mode_of("fresh"), 0640);
}

static void replace_file_keeps_attributes(void **state) {
  char found[8] = "";
  make_old("file", 0644);
  if (setxattr(at("file"), "user.note", "kept", 4, 0) != 0 ||
      setxattr(at("file"), "user.empty", "", 0, 0) != 0)
    skip_because("the file system has no attributes of users");

  assert_fulfills_int(replace("file"), 3);

  assert_int_equal(getxattr(at("file"), "user.note", found, 8), 4);
  assert_string_equal(found, "kept");
  assert_int_equal(getxattr(at("file"), "user.empty", found, 8), 0);
  assert_int_equal(mode_of("file"), 0644);
}

/* The owner cannot set an attribute of a file if the ACL forbids writing. */
static void replace_file_keeps_attributes_of_a_read_only_file(void **state) {
  need_root();
  make_old("file", 0640);
  give("file", NOBODY, NOBODY);
  if (setxattr(at("file"), "user.note", "kept", 4, 0) != 0)
    skip_because("the file system has no attributes of users");
  set_acl("file", acl);
  assert_int_equal(chmod(at("file"), 0464), 0);

  replace_as_nobody("file", 0);

  assert_int_equal(getxattr(at("file"), "user.note", NULL, 0), 4);
  assert_true(getxattr(at("file"), acl, NULL, 0) > 0);
  assert_int_equal(mode_of("file"), 0464);
}

/* A write to the file would also have dropped the capabilities. */
static void replace_file_drops_capabilities(void **state) {
  static const char capable[] = "security.capability";
  static const unsigned char chown_only[20] = { [3] = 2, [4] = 1 };
  need_root();
  make_old("file", 0755);
  if (setxattr(at("file"), capable, chown_only, sizeof(chown_only), 0) != 0)
    skip_because("the file system has no capabilities");

  assert_fulfills_int(replace("file"), 3);

  assert_no_attribute("file", capable);
  assert_int_equal(mode_of("file"), 0755);
}

/* An attribute that only administrators set may decide who has access. */
static void replace_file_without_attribute_limits_access_to_owner(void **s) {
  need_root();
  make_old("file", 0644);
  give("file", NOBODY, NOBODY);
  if (setxattr(at("file"), "security.note", "set", 3, 0) != 0)
    skip_because("the file system has no attributes of the system's");

  replace_as_nobody("file", 0);

  assert_no_attribute("file", "security.note");
  assert_int_equal(mode_of("file"), 0600);
}

/* The ACL of an unreadable file is unknown. */
static void replace_of_unreadable_file_limits_access_to_owner(void **state) {
  need_root();
  make_old("file", 0220);
  give("file", NOBODY, NOBODY);

  replace_as_nobody("file", 0);

  assert_int_equal(mode_of("file"), 0200);
}

#endif

/* The mode of new files, and leftovers of unfinished ones. */

static void new_file_gets_the_mode_that_the_umask_permits(void **state) {
  static const mode_t masks[] = { 077, 022, 002, 0 };
  for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
    const mode_t before = umask(masks[i]);
    assert_fulfills_int(avow_replace_file(loop, at("file"), avow_string("new"),
                                          0666),
                        3);
    (void) umask(before);
    assert_int_equal(mode_of("file"), 0666 & ~masks[i]);
    assert_int_equal(unlink(at("file")), 0);
  }
}

/* Opens a file with a temporary name from the start, because a test cannot tell
   whether the system respects a umask of 0. */
static avow__temp_file_t open_temp(const avow__dir_t *dir, const char *name) {
  avow__temp_file_t t;
  const avow__place_t place = { dir, name, NULL };
  const mode_t before = umask(0);
  assert_int_equal(avow__temp_file_open(&t, place, 0644), 0);
  (void) umask(before);
  assert_int_not_equal(t.temp[0], '\0');
  assert_int_equal(fcntl(t.file, F_GETFD), FD_CLOEXEC);
  return t;
}

static void leftover_of_a_killed_writer_is_removed(void **state) {
  const avow__dir_t dir = { .fd = open(at(""), O_RDONLY | O_DIRECTORY) };
  avow__temp_file_t first = open_temp(&dir, "file");
  avow__temp_file_t second = open_temp(&dir, "file");
  assert_int_equal(entries_of(""), 2);
  assert_int_equal(close(second.file), 0);

  assert_fulfills_int(replace("file"), 3);

  assert_file("file", "new");
  assert_missing(second.temp);
  assert_true(is_there(first.temp));
  assert_int_equal(avow__temp_file_take_place(&first), 0);
  avow__temp_file_close(&first);
  assert_file("file", "");
  assert_int_equal(entries_of(""), 1);
  assert_int_equal(close(dir.fd), 0);
}

static void unreadable_leftover_is_removed(void **state) {
  need_root();
  const avow__dir_t dir = { .fd = open(at(""), O_RDONLY | O_DIRECTORY) };
  avow__temp_file_t t = open_temp(&dir, "file");
  assert_int_equal(fchmod(t.file, 0200), 0);
  assert_int_equal(fchown(t.file, NOBODY, NOBODY), 0);
  assert_int_equal(close(t.file), 0);

  replace_as_nobody("file", 0);

  assert_int_equal(entries_of(""), 1);
  assert_int_equal(close(dir.fd), 0);
}

static void entries_that_are_not_leftovers_stay(void **state) {
  const avow__dir_t dir = { .fd = open(at(""), O_RDONLY | O_DIRECTORY) };
  char name[AVOW__TEMP_NAME];
  avow__temp_file_t t = open_temp(&dir, "file");
  memcpy(name, t.temp, sizeof(name));
  avow__temp_file_close(&t);
  assert_int_equal(entries_of(""), 0);
  make_file(".avow-0", "");
  assert_int_equal(mkfifo(at(name), 0600), 0);

  assert_fulfills_int(replace("file"), 3);

  assert_true(is_there(name));
  assert_int_equal(entries_of(""), 3);
  assert_int_equal(close(dir.fd), 0);
}

static avow_promise_t *start_replace(void) {
  return replace("link");
}

static void replacing_survives_failing_memory(void **state) {
  const int before = open_files();
  make_old("file", 0644);
  make_link("link", "file");

  survive_failing_memory(start_replace, NULL);

  assert_file("file", "new");
  assert_int_equal(mode_of("file"), 0644);
  assert_int_equal(entries_of(""), 2);
  assert_int_equal(open_files(), before);
}

/* Two threads write to one name. */

static int rounds(void) {
  const char *wanted = getenv("ROUNDS");
  return wanted != NULL ? atoi(wanted) : 200;
}

static char contents[2][3000];

static bool is_whole(const avow_value_t *v) {
  size_t len = 0;
  const char *bytes = avow_to_bytes(v, &len);
  for (int i = 0; i < 2; i++)
    if (len == sizeof(contents[i]) - (size_t) i &&
        memcmp(bytes, contents[i], len) == 0)
      return true;
  return false;
}

static avow_promise_t *write_one(uv_loop_t *own, const char *path, int which) {
  const avow_value_t bytes =
      avow_bytes(contents[which], sizeof(contents[which]) - (size_t) which);
  return avow_replace_file(own, path, bytes, 0600);
}

/* Returns the number of failed rounds. */
static int write_often(uv_loop_t *own, const char *path, int which) {
  int wrong = 0;
  for (int i = rounds(); i > 0; i--) {
    const avow_value_t n = avow_run(write_one(own, path, which));
    const avow_value_t v = avow_run(avow_read_file(own, path, SIZE_MAX));
    if (avow_is_error(&n) || avow_is_error(&v) || !is_whole(&v))
      wrong++;
    avow_value_unref(n);
    avow_value_unref(v);
  }
  return wrong;
}

static void write_in_a_process_of_its_own(const char *path) {
  uv_loop_t own;
  if (uv_loop_init(&own) != 0 || avow_loop_init(&own, &steady) != 0)
    _exit(1);
  _exit(write_often(&own, path, 1) == 0 ? 0 : 1);
}

static void two_writers_do_not_mix_their_data(void **state) {
  const char *path = at("file");
  memset(contents[0], 'a', sizeof(contents[0]));
  memset(contents[1], 'b', sizeof(contents[1]));
  const pid_t child = fork();
  if (child == 0)
    write_in_a_process_of_its_own(path);

  const int wrong = write_often(loop, path, 0);

  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_int_equal(wrong, 0);
  assert_int_equal(entries_of(""), 1);
}

SUITE(atomic_file) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(replace_file_keeps_owner_and_group),
    DISK_CASE(replace_file_drops_set_uid_and_set_gid_bits),
    DISK_CASE(replace_file_keeps_a_group_of_the_caller),
    DISK_CASE(replace_file_without_the_group_narrows_the_mode),
#ifdef __linux__
    DISK_CASE(replace_file_keeps_the_acl),
    DISK_CASE(replace_file_without_the_acl_limits_access_to_owner),
    DISK_CASE(replace_file_takes_no_acl_from_the_directory),
    DISK_CASE(replace_file_keeps_attributes),
    DISK_CASE(replace_file_keeps_attributes_of_a_read_only_file),
    DISK_CASE(replace_file_drops_capabilities),
    DISK_CASE(replace_file_without_attribute_limits_access_to_owner),
    DISK_CASE(replace_of_unreadable_file_limits_access_to_owner),
#endif
    DISK_CASE(new_file_gets_the_mode_that_the_umask_permits),
    DISK_CASE(leftover_of_a_killed_writer_is_removed),
    DISK_CASE(unreadable_leftover_is_removed),
    DISK_CASE(entries_that_are_not_leftovers_stay),
    DISK_CASE(replacing_survives_failing_memory),
    DISK_CASE(two_writers_do_not_mix_their_data),
  };
  disk_init();
  (void) umask(022);
  return RUN(tests);
}
