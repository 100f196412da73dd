/* SPDX-License-Identifier: MIT */
/*
 * Calls that the system refuses, and changes by other processes, while files
 * are replaced and trees are copied or removed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "refusing.h"
#include "sys/dir_open.h"
#include "uv/fs_blocking.h"

static refusal_t unnamed, links, syncs, renamings, made, held;
static refusal_t removals, unlinks, originals, looks, sends, handles;
static bool is_exchanged; /* replaces the file by a FIFO after lstat() */
static bool is_overlaid;  /* puts a file there before O_PATH opens it */
static char exchanged[64];
static const char *once_looked, *once_made; /* new working directories */

int __wrap_avow__place_lstat(avow__place_t place, uv_stat_t *out);
int __real_avow__place_lstat(avow__place_t place, uv_stat_t *out);
int __wrap_avow__place_lstat(avow__place_t place, uv_stat_t *out) {
  const int err = __real_avow__place_lstat(place, out);
  if (is_exchanged) {
    (void) unlink(exchanged); /* the test checks the result */
    (void) mkfifo(exchanged, 0600);
  }
  go_to(&once_looked);
  return err;
}

static bool is_unnamed(int flags) {
#ifdef O_TMPFILE
  return (flags & O_TMPFILE) == O_TMPFILE;
#else
  return false;
#endif
}

int __wrap_linkat(int from_dir, const char *from, int dir, const char *to,
                  int flags);
int __real_linkat(int from_dir, const char *from, int dir, const char *to,
                  int flags);
int __wrap_linkat(int from_dir, const char *from, int dir, const char *to,
                  int flags) {
  return refuses(&links) ? refused(&links)
                         : __real_linkat(from_dir, from, dir, to, flags);
}

int __wrap_flock(int file, int operation);
int __real_flock(int file, int operation);
int __wrap_flock(int file, int operation) {
  return refuses(&held) ? refused(&held) : __real_flock(file, operation);
}

int __wrap_avow__disk_send(uv_file to, uv_file from, uint64_t offset,
                           uint64_t len);
int __real_avow__disk_send(uv_file to, uv_file from, uint64_t offset,
                           uint64_t len);
int __wrap_avow__disk_send(uv_file to, uv_file from, uint64_t offset,
                           uint64_t len) {
  hold_up();
  go_to(&once_made);
  return refuses(&sends) ? sends.err
                         : __real_avow__disk_send(to, from, offset, len);
}

int __wrap_avow__disk_fstat(uv_file file, uv_stat_t *out);
int __real_avow__disk_fstat(uv_file file, uv_stat_t *out);
int __wrap_avow__disk_fstat(uv_file file, uv_stat_t *out) {
  return refuses(&looks) ? looks.err : __real_avow__disk_fstat(file, out);
}

/* Refuses to open created files, read files, or names only (O_PATH). */
static refusal_t *opening(int flags) {
  if (is_unnamed(flags))
    return &unnamed;
  if ((flags & O_CREAT) != 0)
    return &made;
  return flags == O_RDONLY ? &originals : &handles;
}

int __wrap_avow__place_open(avow__place_t place, int flags, int mode);
int __real_avow__place_open(avow__place_t place, int flags, int mode);
int __wrap_avow__place_open(avow__place_t place, int flags, int mode) {
  refusal_t *refusal = opening(flags);
  if (refuses(refusal))
    return refusal->err;
  if (is_overlaid && refusal == &handles) {
    (void) unlink(exchanged); /* the test checks the result */
    (void) close(creat(exchanged, 0600));
  }
  return __real_avow__place_open(place, flags, mode);
}

int __wrap_avow__place_rename(avow__place_t from, avow__place_t to);
int __real_avow__place_rename(avow__place_t from, avow__place_t to);
int __wrap_avow__place_rename(avow__place_t from, avow__place_t to) {
  return refuses(&renamings) ? renamings.err
                             : __real_avow__place_rename(from, to);
}

int __wrap_avow__disk_fsync(uv_file file);
int __real_avow__disk_fsync(uv_file file);
int __wrap_avow__disk_fsync(uv_file file) {
  return refuses(&syncs) ? syncs.err : __real_avow__disk_fsync(file);
}

int __wrap_avow__place_unlink(avow__place_t place);
int __real_avow__place_unlink(avow__place_t place);
int __wrap_avow__place_unlink(avow__place_t place) {
  return refuses(&unlinks) ? unlinks.err : __real_avow__place_unlink(place);
}

int __wrap_avow__place_rmdir(avow__place_t place);
int __real_avow__place_rmdir(avow__place_t place);
int __wrap_avow__place_rmdir(avow__place_t place) {
  return refuses(&removals) ? removals.err : __real_avow__place_rmdir(place);
}

static void removing_retries_after_temporary_errors(void **state) {
  static const int may_pass[] = { UV_EBUSY, UV_EMFILE,    UV_ENFILE,
                                  UV_EPERM, UV_ENOTEMPTY, UV_EEXIST };
  for (size_t i = 0; i < sizeof(may_pass) / sizeof(may_pass[0]); i++) {
    make_tree();
    removals = once(may_pass[i]);

    assert_fulfills_int(avow_remove_tree(loop, at("a")), 3);

    assert_int_equal(removals.calls, 3);
    assert_missing("a");
  }
}

static void removing_checks_the_root_again_after_eisdir(void **state) {
  make_file("a", "");
  unlinks = once(UV_EISDIR);

  assert_fulfills_int(avow_remove_tree(loop, at("a")), 1);

  assert_int_equal(unlinks.calls, 2);
  assert_missing("a");
}

static void removing_checks_the_root_a_limited_number_of_times(void **state) {
  make_file("a", "");
  unlinks = once(UV_ELOOP);
  assert_fulfills_int(avow_remove_tree(loop, at("a")), 1);

  make_file("a", "");
  unlinks = always(UV_EISDIR);
  assert_rejects(avow_remove_tree(loop, at("a")), UV_EISDIR);

  assert_int_in_range(unlinks.calls, 2, 1000);
  assert_true(is_there("a"));
}

static void removing_stops_at_a_lasting_error(void **state) {
  make_tree();
  removals = once(UV_EIO);

  assert_rejects(avow_remove_tree(loop, at("a")), UV_EIO);

  assert_int_equal(removals.calls, 1);
  assert_true(is_there("a/b"));
}

static avow_promise_t *replace(void) {
  return avow_replace_file(loop, at("file"), avow_string("new"), 0600);
}

static void assert_replaced(void) {
  assert_fulfills_int(replace(), 3);
  assert_file("file", "new");
  assert_int_equal(entries_of(""), 1);
}

static void assert_not_replaced(int err) {
  assert_rejects(replace(), err);
  assert_file("file", "old");
  assert_int_equal(entries_of(""), 1);
}

/* Some file systems do not support files without a name. */
static void replacing_uses_a_named_file_if_necessary(void **state) {
  make_file("file", "old");
  assert_int_equal(chmod(at("file"), 0640), 0);
  unnamed = always(UV_ENOTSUP);

  assert_replaced();

  assert_int_equal(mode_of("file"), 0640);
  assert_int_equal(unlink(at("file")), 0);
  assert_replaced();
  assert_int_equal(mode_of("file"), 0600);
  assert_int_equal(links.calls, 0);
}

static void replacing_searches_for_a_free_name(void **state) {
  make_file("file", "old");
  links = (refusal_t){ .err = UV_EEXIST, .times = 20 };
  assert_replaced();

  unnamed = always(UV_ENOTSUP);
  made = (refusal_t){ .err = UV_EEXIST, .times = 20 };
  assert_replaced();
}

/* Until the file is locked, another writer may take it for a leftover. */
static void replacing_leaves_a_locked_temporary_file(void **state) {
  make_file("file", "old");
  unnamed = always(UV_ENOTSUP);
  held = once(UV_EAGAIN);

  assert_fulfills_int(replace(), 3);

  assert_file("file", "new");
  assert_int_equal(entries_of(""), 2);
  assert_replaced();
}

/* The file system has no locks. */
static void replacing_works_without_locks(void **state) {
  make_file("file", "old");
  held = always(UV_ENOTSUP);
  assert_replaced();

  unnamed = always(UV_ENOTSUP);
  assert_replaced();
}

static void replacing_fails_if_no_name_is_free(void **state) {
  make_file("file", "old");
  links = always(UV_EEXIST);
  assert_not_replaced(UV_EEXIST);
  assert_int_in_range(links.calls, 2, 1000);

  unnamed = always(UV_ENOTSUP);
  made = always(UV_EEXIST);
  assert_not_replaced(UV_EEXIST);
  assert_int_in_range(made.calls, 2, 1000);
}

static void replacing_reports_errors_of_naming(void **state) {
  make_file("file", "old");
  links = (refusal_t){ .err = UV_ENOSPC, .after = 1, .times = 1 };
  assert_not_replaced(UV_ENOSPC);

  unnamed = always(UV_ENOTSUP);
  made = once(UV_EACCES);
  assert_not_replaced(UV_EACCES);
}

static void replacing_reports_sync_errors(void **state) {
  make_file("file", "old");
  syncs = once(UV_EIO);
  assert_not_replaced(UV_EIO);

  syncs = (refusal_t){ .err = UV_EIO, .after = 1, .times = 1 };
  assert_says(replace(), UV_EIO, "sync '%s': i/o error", at("file"));
  assert_file("file", "new");

  syncs = (refusal_t){ .err = UV_EINVAL, .after = 1, .times = 1 };
  assert_replaced();
}

static void copying_searches_for_a_free_name(void **state) {
  const avow_copy_options_t options = { .existing = AVOW_EXISTING_REPLACE };
  make_file("file", "new");
  make_file("to", "old");
  made = (refusal_t){ .err = UV_EEXIST, .after = 1, .times = 2 };

  assert_fulfills_int(avow_copy_tree(loop, at("file"), at("to"), &options), 1);

  assert_int_equal(made.calls, 4);
  assert_file("to", "new");
  assert_int_equal(entries_of(""), 2);
}

static void copying_fails_if_no_name_is_free(void **state) {
  const avow_copy_options_t options = { .existing = AVOW_EXISTING_REPLACE };
  make_file("file", "new");
  make_file("to", "old");
  made = always(UV_EEXIST);

  assert_rejects(avow_copy_tree(loop, at("file"), at("to"), &options),
                 UV_EEXIST);

  assert_int_in_range(made.calls, 2, 1000);
  assert_file("to", "old");
}

static void copying_does_not_wait_for_a_fifo(void **state) {
  make_file("file", "text");
  (void) snprintf(exchanged, sizeof(exchanged), "%s", at("file")); /* it fits */
  is_exchanged = true;

  assert_rejects(avow_copy_tree(loop, at("file"), at("to"), NULL), UV_ENOTSUP);

  assert_missing("to");
}

static void copying_names_a_file_that_cannot_be_opened(void **state) {
  make_tree();
  originals = once(UV_EACCES);

  assert_says(avow_copy_tree(loop, at("a/"), at("to"), NULL), UV_EACCES,
              "copy '%s': permission denied", at("a/b/file"));

  assert_missing("to/b/file");
}

/* Only root can remove an entry from a directory with mode 0555. */
static void remove_copy(void) {
  if (is_there("to/b"))
    assert_int_equal(chmod(at("to/b"), 0755), 0);
  avow_ignore(avow_run(avow_remove_tree(loop, at("to"))));
  assert_missing("to");
}

/* The checks concern files, and directories with a mode of their own. */
static void copying_reports_each_failed_check(void **state) {
  make_tree();
  assert_int_equal(chmod(at("a/b"), 0555), 0);
  for (int after = 0; after < 100; after++) {
    looks = (refusal_t){ .err = UV_EIO, .after = after, .times = 1 };
    const avow_value_t v =
        avow_run(avow_copy_tree(loop, at("a"), at("to"), NULL));
    const bool refused_one = looks.calls > after;
    looks = never;

    assert_int_equal(avow_error_code(&v), refused_one ? UV_EIO : 0);
    avow_value_unref(v);
    remove_copy();
    if (!refused_one)
      return;
  }
  fail_msg("there is no end to the looks");
}

static void copying_a_sparse_file_reports_io_errors(void **state) {
  make_file("file", "text");
  assert_int_equal(truncate(at("file"), 1 << 20), 0);
  sends = once(UV_EIO);

  assert_rejects(avow_copy_tree(loop, at("file"), at("to"), NULL), UV_EIO);

  assert_int_equal(sends.calls, 1);
  assert_missing("to");
}

#ifdef O_PATH
static const avow_copy_options_t keeping = { .keep = AVOW_KEEP_ALL };

static void copying_a_link_works_without_its_owner(void **state) {
  make_link("link", "nowhere");
  handles = once(UV_EACCES);

  assert_fulfills_int(avow_copy_tree(loop, at("link"), at("to"), &keeping), 1);

  assert_int_equal(handles.calls, 1);
  assert_true(is_there("to"));
}

static void copying_a_link_changes_no_other_owner(void **state) {
  enum { SOMEBODY = 1234 };
  struct stat info;
  if (geteuid() != 0)
    skip_because("only root gives files away");
  make_link("link", "nowhere");
  assert_int_equal(lchown(at("link"), SOMEBODY, SOMEBODY), 0);
  (void) snprintf(exchanged, sizeof(exchanged), "%s", at("to")); /* it fits */
  is_overlaid = true;

  assert_fulfills_int(avow_copy_tree(loop, at("link"), at("to"), &keeping), 1);

  assert_int_equal(lstat(at("to"), &info), 0);
  assert_true(S_ISREG(info.st_mode));
  assert_int_equal(info.st_uid, 0);
}
#endif

/* More bytes than one call sends. */
static void copying_may_be_canceled_inside_a_file(void **state) {
  enum { LARGE = 3 << 20 };
  static char text[LARGE];
  memset(text, 'x', LARGE - 1);
  make_file("file", text);
  start_holding_up();
  avow_promise_t *p = avow_copy_tree(loop, at("file"), at("to"), NULL);
  run_until_held_up();

  assert_cancels(p);
  stop_holding_up();
  run();

  assert_missing("to");
}

static void failed_rename_leaves_the_existing_file(void **state) {
  const avow_copy_options_t options = { .existing = AVOW_EXISTING_REPLACE };
  make_tree();
  make_dir("to");
  make_dir("to/b");
  make_file("to/b/file", "old");
  renamings = once(UV_EIO);

  assert_rejects(avow_copy_tree(loop, at("a"), at("to"), &options), UV_EIO);

  assert_file("to/b/file", "old");
  assert_int_equal(entries_of("to/b"), 1);
}

/* Creates two directories and changes to the first. */
static void make_x_and_y(void) {
  make_dir("x");
  make_file("x/a", "new");
  make_file("x/to", "old");
  make_dir("y");
  assert_int_equal(chdir(at("x")), 0);
}

static void copying_reads_the_file_that_it_checked(void **state) {
  make_x_and_y();
  once_looked = "y";

  assert_fulfills_int(avow_copy_tree(loop, "a", at("b"), NULL), 1);

  assert_null(once_looked);
  assert_file("b", "new");
}

static void copying_finishes_in_its_first_directory(void **state) {
  const avow_copy_options_t options = { .existing = AVOW_EXISTING_REPLACE };
  make_x_and_y();
  once_made = "y";

  assert_fulfills_int(avow_copy_tree(loop, "a", "to", &options), 1);

  assert_null(once_made);
  assert_file("x/to", "new");
  assert_int_equal(entries_of("x"), 2);
  assert_int_equal(entries_of("y"), 0);
}

static int setup(void **state) {
  unnamed = made = links = syncs = renamings = held = never;
  removals = unlinks = originals = looks = sends = handles = never;
  is_exchanged = is_overlaid = false;
  once_looked = once_made = NULL;
  return refusing_setup(state);
}

#define REFUSED_CASE(f) cmocka_unit_test_setup_teardown(f, setup, disk_teardown)

SUITE(refused_disk) {
  const struct CMUnitTest tests[] = {
    REFUSED_CASE(removing_retries_after_temporary_errors),
    REFUSED_CASE(removing_checks_the_root_again_after_eisdir),
    REFUSED_CASE(removing_checks_the_root_a_limited_number_of_times),
    REFUSED_CASE(removing_stops_at_a_lasting_error),
    REFUSED_CASE(replacing_uses_a_named_file_if_necessary),
    REFUSED_CASE(replacing_searches_for_a_free_name),
    REFUSED_CASE(replacing_leaves_a_locked_temporary_file),
    REFUSED_CASE(replacing_works_without_locks),
    REFUSED_CASE(replacing_fails_if_no_name_is_free),
    REFUSED_CASE(replacing_reports_errors_of_naming),
    REFUSED_CASE(replacing_reports_sync_errors),
    REFUSED_CASE(copying_searches_for_a_free_name),
    REFUSED_CASE(copying_fails_if_no_name_is_free),
    REFUSED_CASE(copying_does_not_wait_for_a_fifo),
    REFUSED_CASE(copying_reads_the_file_that_it_checked),
    REFUSED_CASE(copying_finishes_in_its_first_directory),
    REFUSED_CASE(copying_names_a_file_that_cannot_be_opened),
    REFUSED_CASE(copying_reports_each_failed_check),
    REFUSED_CASE(copying_a_sparse_file_reports_io_errors),
#ifdef O_PATH
    REFUSED_CASE(copying_a_link_works_without_its_owner),
    REFUSED_CASE(copying_a_link_changes_no_other_owner),
#endif
    REFUSED_CASE(copying_may_be_canceled_inside_a_file),
    REFUSED_CASE(failed_rename_leaves_the_existing_file),
  };
  disk_init();
  return RUN(tests);
}
