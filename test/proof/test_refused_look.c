/* SPDX-License-Identifier: MIT */
/*
 * Checks of an opened file or directory that fail or that find another entry. A
 * file is still replaced or stays as it was. Trees are copied and removed as
 * far as their entries are unchanged.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "refusing.h"
#include "sys/dir_open.h"

enum { MOST_LOOKS = 200, DEEP = 36 }; /* 32 of 36 stay open */

typedef enum { NO_LIE, OTHER_KIND, OTHER_DISK, OTHER_FILE, OTHER_OWNER } lie_t;

static refusal_t looks, dir_looks, unnamed, owners, locks, paths, seeks, holes,
    rmdirs;
static lie_t lie; /* a lie in place of the failure */

static void lie_of(uv_stat_t *info) {
  if (lie == OTHER_KIND)
    info->st_mode = (info->st_mode & ~(uint64_t) S_IFMT) | S_IFIFO;
  if (lie == OTHER_DISK)
    info->st_dev++;
  if (lie == OTHER_FILE)
    info->st_ino = ~info->st_ino; /* no file has that number */
  if (lie == OTHER_OWNER)
    info->st_uid++;
}

int __wrap_avow__disk_fstat(uv_file file, uv_stat_t *out);
int __real_avow__disk_fstat(uv_file file, uv_stat_t *out);
int __wrap_avow__disk_fstat(uv_file file, uv_stat_t *out) {
  const bool is_refused = refuses(&looks);
  if (is_refused && lie == NO_LIE)
    return looks.err;
  const int err = __real_avow__disk_fstat(file, out);
  if (is_refused)
    lie_of(out);
  return err;
}

int __wrap_avow__place_lstat(avow__place_t place, uv_stat_t *out);
int __real_avow__place_lstat(avow__place_t place, uv_stat_t *out);
int __wrap_avow__place_lstat(avow__place_t place, uv_stat_t *out) {
  const bool is_refused = refuses(&looks);
  if (is_refused && lie == NO_LIE)
    return looks.err;
  const int err = __real_avow__place_lstat(place, out);
  if (is_refused && err == 0)
    lie_of(out);
  return err;
}

int __wrap_avow__dir_stat(const avow__dir_t *dir, uv_stat_t *out);
int __real_avow__dir_stat(const avow__dir_t *dir, uv_stat_t *out);
int __wrap_avow__dir_stat(const avow__dir_t *dir, uv_stat_t *out) {
  const bool is_refused = refuses(&dir_looks);
  if (is_refused && lie == NO_LIE)
    return dir_looks.err;
  const int err = __real_avow__dir_stat(dir, out);
  out->st_dev += is_refused && lie == OTHER_DISK;
  if (is_refused && lie == OTHER_FILE)
    out->st_ino = ~out->st_ino; /* no file has that number */
  return err;
}

/* Opens "." only for files without a name. */
int __wrap_avow__place_open(avow__place_t place, int flags, int mode);
int __real_avow__place_open(avow__place_t place, int flags, int mode);
int __wrap_avow__place_open(avow__place_t place, int flags, int mode) {
  if (strcmp(place.name, ".") == 0 && refuses(&unnamed))
    return unnamed.err;
  return __real_avow__place_open(place, flags, mode);
}

int __wrap_avow__place_rmdir(avow__place_t place);
int __real_avow__place_rmdir(avow__place_t place);
int __wrap_avow__place_rmdir(avow__place_t place) {
  return refuses(&rmdirs) ? rmdirs.err : __real_avow__place_rmdir(place);
}

int __wrap_fchown(int file, uid_t user, gid_t group);
int __real_fchown(int file, uid_t user, gid_t group);
int __wrap_fchown(int file, uid_t user, gid_t group) {
  return refuses(&owners) ? refused(&owners) : __real_fchown(file, user, group);
}

int __wrap_flock(int file, int operation);
int __real_flock(int file, int operation);
int __wrap_flock(int file, int operation) {
  return refuses(&locks) ? refused(&locks) : __real_flock(file, operation);
}

int __wrap_access(const char *path, int mode);
int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode) {
  return refuses(&paths) ? refused(&paths) : __real_access(path, mode);
}

#ifdef SEEK_DATA

/* The name that the system's headers use. */
#  if defined(__GLIBC__) && defined(__USE_FILE_OFFSET64)
#    define SEEK(prefix) prefix##lseek64
#  else
#    define SEEK(prefix) prefix##lseek
#  endif

off_t SEEK(__wrap_)(int file, off_t offset, int whence);
off_t SEEK(__real_)(int file, off_t offset, int whence);
off_t SEEK(__wrap_)(int file, off_t offset, int whence) {
  refusal_t *refusal = whence == SEEK_SET ? &seeks : &holes;
  return refuses(refusal) ? refused(refusal)
                          : SEEK(__real_)(file, offset, whence);
}

static avow_promise_t *copy_holes(void) {
  make_file("file", "text");
  assert_int_equal(truncate(at("file"), 1 << 20), 0);
  return avow_copy_tree(loop, at("file"), at("to"), NULL);
}

static void copying_works_without_hole_detection(void **state) {
  struct stat info;
  holes = always(UV_EINVAL);

  assert_fulfills_int(copy_holes(), 1);

  assert_true(holes.calls > 0);
  assert_int_equal(stat(at("to"), &info), 0);
  assert_int_equal(info.st_size, 1 << 20);
}

static void copying_reports_seek_errors(void **state) {
  seeks = once(UV_EIO);

  assert_rejects(copy_holes(), UV_EIO);

  assert_missing("to");
}

#endif

static avow_promise_t *replace(void) {
  return avow_replace_file(loop, at("file"), avow_string("new"), 0644);
}

/* Tests every outcome of the nth check. Returns true if there was one. */
static bool replaces_or_stays(int nth) {
  make_file("file", "old");
  looks = (refusal_t){ .err = UV_EIO, .after = nth, .times = 1 };
  const avow_value_t v = avow_run(replace());
  const bool was_there = looks.calls > nth;
  looks = never;
  const int code = avow_error_code(&v);
  assert_true(code == 0 || code == UV_EIO ||
              (code == UV_EINVAL && lie == OTHER_KIND));
  assert_file("file", v.tag == AVOW_INT ? "new" : "old");
  avow_value_unref(v);
  return was_there;
}

static void replace_at_each_look(void) {
  int nth = 0;
  while (replaces_or_stays(nth))
    assert_true(++nth < MOST_LOOKS);
  assert_int_not_equal(nth, 0);
}

static void replacing_survives_each_failed_check(void **state) {
  for (lie = NO_LIE; lie <= OTHER_OWNER; lie++) {
    unnamed = never;
    replace_at_each_look();
    unnamed = always(UV_ENOTSUP);
    replace_at_each_look();
  }

  assert_fulfills_int(replace(), 3);
  assert_file("file", "new");
  assert_int_equal(entries_of(""), 1);
}

static void file_is_created_despite_a_failed_check(void **state) {
  looks = (refusal_t){ .err = UV_EIO, .after = 1, .times = 1 };

  assert_fulfills_int(replace(), 3);

  assert_true(looks.calls > 1);
  assert_file("file", "new");
  assert_int_equal(entries_of(""), 1);
}

/* The file has that group already, although its owner is not a member. */
static void replacing_keeps_a_matching_group(void **state) {
  make_file("file", "old");
  assert_int_equal(chmod(at("file"), 0664), 0);
  looks = (refusal_t){ .after = 2, .times = 1 };
  lie = OTHER_OWNER;
  owners = always(UV_EPERM);

  assert_fulfills_int(replace(), 3);

  assert_int_equal(owners.calls, 1);
  assert_int_equal(mode_of("file"), 0664);
}

static void replacing_uses_a_named_file_after_refused_calls(void **state) {
  refusal_t *const each[] = { &locks, &paths };
  for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
    make_file("file", "old");
    *each[i] = once(UV_EAGAIN);

    assert_fulfills_int(replace(), 3);

    assert_int_not_equal(each[i]->calls, 0);
    assert_file("file", "new");
    assert_int_equal(entries_of(""), 1);
  }
}

static void copying_a_link_survives_a_failed_check(void **state) {
  const avow_copy_options_t keeping = { .keep = AVOW_KEEP_ALL };
  make_link("link", "nowhere");
  looks = (refusal_t){ .err = UV_EIO, .after = 1, .times = 1 };

  assert_fulfills_int(avow_copy_tree(loop, at("link"), at("to"), &keeping), 1);

  assert_true(is_there("to"));
}

/* Checks that the promise of start() settles for every outcome of the nth check
   of a directory: with an error or as usual. */
static bool outlives(start_fn start, int nth) {
  dir_looks = (refusal_t){ .err = UV_EIO, .after = nth, .times = 1 };
  const avow_value_t v = avow_run(start());
  const bool was_there = dir_looks.calls > nth;
  dir_looks = never;
  const int code = avow_error_code(&v);
  if (code != 0 && code != UV_EIO && code != UV_ENOENT && code != UV_ENOTEMPTY)
    fail_msg("%s, lie %d, nth %d", avow_error_message(&v), (int) lie, nth);
  avow_value_unref(v);
  return was_there;
}

/* Tests every few checks, or each one if $THOROUGH is set. */
static void outlive_looks(start_fn start) {
  static const lie_t lies[] = { NO_LIE, OTHER_DISK, OTHER_FILE };
  const int step = getenv("THOROUGH") != NULL ? 1 : 11;
  for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
    int nth = 0;
    lie = lies[i];
    do {
      avow_ignore(avow_run(avow_remove_tree(loop, at("a"))));
      avow_ignore(avow_run(avow_remove_tree(loop, at("to"))));
      make_chain("a", DEEP);
      nth += step;
    } while (outlives(start, nth - step));
    assert_int_in_range(nth, 2 * step, MOST_LOOKS);
  }
}

static avow_promise_t *copy(void) {
  return avow_copy_tree(loop, at("a"), at("to"), NULL);
}

static avow_promise_t *sweep(void) {
  return avow_remove_tree(loop, at("a"));
}

static void copying_survives_failed_checks(void **state) {
  outlive_looks(copy);
}

static void removing_survives_failed_checks(void **state) {
  outlive_looks(sweep);
}

/* No directory is known on the disk that the first check reported. */
static void removing_leaves_entries_on_another_disk(void **state) {
  make_dir("a");
  dir_looks = once(0);
  lie = OTHER_DISK;
  rmdirs = once(UV_ENOTEMPTY);

  assert_fulfills_int(sweep(), 0);

  assert_int_equal(rmdirs.calls, 1);
  assert_true(is_there("a"));
}

static int setup(void **state) {
  looks = dir_looks = unnamed = owners = locks = paths = never;
  seeks = holes = rmdirs = never;
  lie = NO_LIE;
  return refusing_setup(state);
}

#define REFUSED_CASE(f) cmocka_unit_test_setup_teardown(f, setup, disk_teardown)

SUITE(refused_look) {
  const struct CMUnitTest tests[] = {
    REFUSED_CASE(replacing_survives_each_failed_check),
    REFUSED_CASE(file_is_created_despite_a_failed_check),
    REFUSED_CASE(replacing_keeps_a_matching_group),
    REFUSED_CASE(replacing_uses_a_named_file_after_refused_calls),
    REFUSED_CASE(copying_a_link_survives_a_failed_check),
    REFUSED_CASE(copying_survives_failed_checks),
    REFUSED_CASE(removing_survives_failed_checks),
    REFUSED_CASE(removing_leaves_entries_on_another_disk),
#ifdef SEEK_DATA
    REFUSED_CASE(copying_works_without_hole_detection),
    REFUSED_CASE(copying_reports_seek_errors),
#endif
  };
  disk_init();
  return RUN(tests);
}
