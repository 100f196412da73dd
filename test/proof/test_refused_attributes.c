/* SPDX-License-Identifier: MIT */
/*
 * Calls on attributes that file systems refuse while files are replaced and
 * copied. If an attribute is lost, access must not widen.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "refusing.h"

static refusal_t gets, sets, lists, removals;
static const char *label; /* the attribute that each new file gets */

int __real_fsetxattr(int file, const char *name, const void *value, size_t size,
                     int flags);

ssize_t __wrap_fgetxattr(int file, const char *name, void *value, size_t size);
ssize_t __real_fgetxattr(int file, const char *name, void *value, size_t size);
ssize_t __wrap_fgetxattr(int file, const char *name, void *value, size_t size) {
  if (label != NULL && (fcntl(file, F_GETFL) & O_ACCMODE) == O_WRONLY)
    (void) __real_fsetxattr(file, "user.note", label, strlen(label), 0);
  return refuses(&gets) ? refused(&gets)
                        : __real_fgetxattr(file, name, value, size);
}

int __wrap_fsetxattr(int file, const char *name, const void *value, size_t size,
                     int flags);
int __wrap_fsetxattr(int file, const char *name, const void *value, size_t size,
                     int flags) {
  return refuses(&sets) ? refused(&sets)
                        : __real_fsetxattr(file, name, value, size, flags);
}

ssize_t __wrap_flistxattr(int file, char *names, size_t size);
ssize_t __real_flistxattr(int file, char *names, size_t size);
ssize_t __wrap_flistxattr(int file, char *names, size_t size) {
  return refuses(&lists) ? refused(&lists)
                         : __real_flistxattr(file, names, size);
}

int __wrap_fremovexattr(int file, const char *name);
int __real_fremovexattr(int file, const char *name);
int __wrap_fremovexattr(int file, const char *name) {
  return refuses(&removals) ? refused(&removals)
                            : __real_fremovexattr(file, name);
}

static void make_old(const char *note) {
  make_file("file", "old");
  assert_int_equal(chmod(at("file"), 0664), 0);
  if (note != NULL && setxattr(at("file"), "user.note", note, strlen(note), 0))
    skip_because("the file system has no attributes of users");
}

static unsigned mode_once_replaced(void) {
  assert_fulfills_int(avow_replace_file(loop, at("file"), avow_string("new"),
                                        0600),
                      3);
  assert_file("file", "new");
  return mode_of("file");
}

static void replacing_works_without_attributes(void **state) {
  make_old(NULL);
  gets = lists = removals = always(UV_ENOTSUP);

  assert_int_equal(mode_once_replaced(), 0664);

  assert_true(gets.calls > 0 && lists.calls > 0 && removals.calls > 0);
}

static void unreadable_attributes_do_not_widen_access(void **state) {
  refusal_t *const each[] = { &gets, &lists, &removals };
  for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
    make_old(NULL);
    *each[i] = once(UV_EIO);

    assert_int_equal(mode_once_replaced(), 0600);

    assert_true(each[i]->calls > 0);
  }
}

/* avow reads the attribute from both files, and then the ACL. */
static void each_unreadable_attribute_narrows_the_mode(void **state) {
  static const int after[] = { 0, 2 };
  for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
    make_old("kept");
    gets = (refusal_t){ .err = UV_EIO, .after = after[i], .times = 1 };

    assert_int_equal(mode_once_replaced(), 0600);

    assert_true(gets.calls > after[i]);
  }
}

static void removed_attribute_does_not_narrow_the_mode(void **state) {
  make_old("kept");
  gets = once(-ENODATA);

  assert_int_equal(mode_once_replaced(), 0664);
}

static void existing_attribute_is_not_set_again(void **state) {
  make_old("kept");
  sets = always(UV_EPERM);
  label = "kept";

  assert_int_equal(mode_once_replaced(), 0664);

  assert_int_equal(sets.calls, 0);
}

static void attribute_that_cannot_be_set_narrows_the_mode(void **state) {
  static const char *const labels[] = { "lost", "longer" };
  for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
    make_old("kept");
    sets = once(UV_EPERM);
    label = labels[i];

    assert_int_equal(mode_once_replaced(), 0600);

    assert_int_equal(sets.calls, 1);
  }
}

static unsigned mode_once_copied(void) {
  const avow_copy_options_t options = { .keep = AVOW_KEEP_ALL };
  make_old("kept");
  assert_fulfills_int(avow_copy_tree(loop, at("file"), at("to"), &options), 1);
  const unsigned mode = mode_of("to");
  avow_ignore(avow_run(avow_remove_tree(loop, at("to"))));
  return mode;
}

/* The group's bits are the mask of an ACL if the file has one. */
static void possible_leftover_acl_removes_group_access(void **state) {
  removals = once(UV_ENOTSUP);
  assert_int_equal(mode_once_copied(), 0664);

  removals = once(UV_EIO);
  assert_int_equal(mode_once_copied(), 0604);
}

static int setup(void **state) {
  gets = sets = lists = removals = never;
  label = NULL;
  return refusing_setup(state);
}

#define REFUSED_CASE(f) cmocka_unit_test_setup_teardown(f, setup, disk_teardown)

SUITE(refused_attributes) {
  const struct CMUnitTest tests[] = {
    REFUSED_CASE(replacing_works_without_attributes),
    REFUSED_CASE(unreadable_attributes_do_not_widen_access),
    REFUSED_CASE(each_unreadable_attribute_narrows_the_mode),
    REFUSED_CASE(removed_attribute_does_not_narrow_the_mode),
    REFUSED_CASE(existing_attribute_is_not_set_again),
    REFUSED_CASE(attribute_that_cannot_be_set_narrows_the_mode),
    REFUSED_CASE(possible_leftover_acl_removes_group_access),
  };
  disk_init();
  return RUN(tests);
}
