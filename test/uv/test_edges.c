/* SPDX-License-Identifier: MIT */
/*
 * Cases in which libuv and the system do with files something other than a name
 * suggests. fs.h documents them.
 */
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

static void failed_copy_removes_the_target(void **state) {
  assert_int_equal(mkdir(at("dir"), 0700), 0);

  assert_rejects(avow_fs_copyfile(loop, at("dir"), at("file"),
                                  UV_FS_COPYFILE_EXCL),
                 UV_EEXIST);
  assert_int_equal(access(at("file"), F_OK), 0);
  assert_rejects(avow_fs_copyfile(loop, at("dir"), at("file"), 0), UV_EISDIR);

  assert_int_equal(access(at("file"), F_OK), -1);
}

static void rename_to_another_hard_link_does_nothing(void **state) {
  assert_int_equal(link(at("file"), at("other")), 0);

  assert_fulfills_none(avow_fs_rename(loop, at("file"), at("other")));

  assert_int_equal(access(at("file"), F_OK), 0);
  assert_int_equal(access(at("other"), F_OK), 0);
}

/* Linux removes set-uid and set-gid when a process without CAP_FSETID
   writes. */
static unsigned mode_after_a_write(const char *name) {
  FILE *file = fopen(at(name), "r+");
  assert_non_null(file);
  assert_int_equal(fputc('x', file), 'x');
  assert_int_equal(fclose(file), 0);
  return mode_of(name);
}

static void copy_has_the_mode_that_a_write_leaves(void **state) {
  make_file("written", "");
  assert_int_equal(chmod(at("file"), 06711), 0);
  assert_int_equal(chmod(at("written"), 06711), 0);
  const unsigned expected = mode_after_a_write("written");

  assert_fulfills_none(avow_fs_copyfile(loop, at("file"), at("other"), 0));

  assert_int_equal(mode_of("other"), expected);
  assert_true(expected == 06711 || expected == 0711);
}

static void empty_copy_has_the_whole_mode(void **state) {
  make_file("empty", "");
  assert_int_equal(chmod(at("empty"), 04711), 0);

  assert_fulfills_none(avow_fs_copyfile(loop, at("empty"), at("other"), 0));

  assert_int_equal(mode_of("other"), 04711);
}

#ifdef __linux__

static void append_mode_ignores_the_offset(void **state) {
  const int appends = open(at("file"), O_WRONLY | O_APPEND | O_CLOEXEC);

  assert_fulfills_int(avow_fs_write(loop, appends, avow_string("!"), 0), 1);

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
    EDGE(failed_copy_removes_the_target),
    EDGE(rename_to_another_hard_link_does_nothing),
    EDGE(copy_has_the_mode_that_a_write_leaves),
    EDGE(empty_copy_has_the_whole_mode),
#ifdef __linux__
    EDGE(append_mode_ignores_the_offset),
#endif
  };
  return RUN(tests);
}
