/* SPDX-License-Identifier: MIT */
/* What libuv and the system do with files where a name promises something else:
   as fs.h says. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"

static int set_up(void **state) {
  if (disk_setup(state) != 0)
    return -1;
  make_file("file", "hello world");
  return 0;
}

static void a_copy_that_fails_takes_what_was_there(void **state) {
  assert_int_equal(mkdir(at("dir"), 0700), 0);

  assert_rejects(avow_fs_copyfile(loop, at("dir"), at("file"),
                                  UV_FS_COPYFILE_EXCL),
                 UV_EEXIST);
  assert_int_equal(access(at("file"), F_OK), 0);
  assert_rejects(avow_fs_copyfile(loop, at("dir"), at("file"), 0), UV_EISDIR);

  assert_int_equal(access(at("file"), F_OK), -1);
}

static void a_file_is_not_renamed_to_its_other_name(void **state) {
  assert_int_equal(link(at("file"), at("other")), 0);

  assert_fulfils_none(avow_fs_rename(loop, at("file"), at("other")));

  assert_int_equal(access(at("file"), F_OK), 0);
  assert_int_equal(access(at("other"), F_OK), 0);
}

static void a_copy_has_all_of_the_mode(void **state) {
  struct stat status;
  assert_int_equal(chmod(at("file"), 04711), 0);

  assert_fulfils_none(avow_fs_copyfile(loop, at("file"), at("other"), 0));

  assert_int_equal(stat(at("other"), &status), 0);
  assert_int_equal(status.st_mode & 07777, 04711);
}

#ifdef __linux__

static void what_appends_ignores_the_offset(void **state) {
  const int appends = open(at("file"), O_WRONLY | O_APPEND | O_CLOEXEC);

  assert_fulfils_int(avow_fs_write(loop, appends, avow_string("!"), 0), 1);

  char text[64] = "";
  const int reads = open(at("file"), O_RDONLY | O_CLOEXEC);
  assert_int_equal(read(reads, text, sizeof(text)), 12);
  assert_string_equal(text, "hello world!");
  assert_int_equal(close(reads), 0);
  assert_int_equal(close(appends), 0);
}

#endif

#define EDGE(f) cmocka_unit_test_setup_teardown(f, set_up, disk_teardown)

SUITE(edges) {
  disk_init();
  const struct CMUnitTest tests[] = {
    EDGE(a_copy_that_fails_takes_what_was_there),
    EDGE(a_file_is_not_renamed_to_its_other_name),
    EDGE(a_copy_has_all_of_the_mode),
#ifdef __linux__
    EDGE(what_appends_ignores_the_offset),
#endif
  };
  return RUN(tests);
}
