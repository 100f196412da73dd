/* SPDX-License-Identifier: MIT */
/* Out of memory: whole files and trees survive it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "torture.h"

enum { PATH = 128 };

static char directory[64]; /* exists while the group runs */

static const char *at(char *path, const char *name) {
  (void) snprintf(path, PATH, "%s/%s", directory, name); /* they are short */
  return path;
}

static avow_value_t append_cb(const avow_value_t *arg, void *data) {
  char path[PATH];
  return avow_follow(
      avow_append_file(loop, at(path, "file"), avow_string(" more"), 0600));
}

static avow_value_t replace_cb(const avow_value_t *arg, void *data) {
  char path[PATH];
  return avow_follow(
      avow_replace_file(loop, at(path, "file"), avow_string("new"), 0600));
}

static avow_promise_t *written_files(void) {
  char path[PATH];
  avow_promise_t *p =
      avow_write_file(loop, at(path, "file"), avow_string("some"), 0600);
  p = avow_then(p, append_cb, NULL, NULL);
  return avow_then(p, replace_cb, NULL, NULL);
}

static void written_files_survive(void **state) {
  survive(written_files);
}

static avow_value_t remove_cb(const avow_value_t *arg, void *data) {
  char path[PATH];
  return avow_follow(avow_remove_tree(loop, at(path, "a")));
}

static avow_value_t copy_cb(const avow_value_t *arg, void *data) {
  char from[PATH], to[PATH];
  return avow_follow(
      avow_copy_tree(loop, at(from, "a/b"), at(to, "a/d"), NULL));
}

static avow_value_t glob_cb(const avow_value_t *arg, void *data) {
  char path[PATH];
  return avow_follow(avow_glob(loop, at(path, "a/**/[b-c]")));
}

/* No directory lists the two entries that this matches. */
static avow_value_t dots_cb(const avow_value_t *arg, void *data) {
  char path[PATH];
  return avow_follow(avow_glob(loop, at(path, "a/.*")));
}

static avow_value_t take_cb(const avow_value_t *entry, void *data);

static avow_promise_t *take_from(avow_channel_t *channel) {
  return avow_then(avow_channel_next(channel), take_cb, NULL, channel);
}

static avow_value_t take_cb(const avow_value_t *entry, void *channel) {
  return avow_is_none(entry) ? avow_none() : avow_follow(take_from(channel));
}

static void end_walk(void *channel) {
  avow_channel_unref(channel);
}

static avow_value_t walk_cb(const avow_value_t *arg, void *data) {
  char path[PATH];
  avow_channel_t *channel = avow_tree_entries(loop, at(path, "a"));
  return avow_follow(avow_attach(take_from(channel), channel, end_walk));
}

static avow_promise_t *temporaries(void) {
  return avow_temp_dir(loop, "avow-");
}

static void temporary_directories_survive_and_are_removed(void **state) {
  char tmp[PATH];
  assert_int_equal(mkdir(at(tmp, "tmp"), 0700), 0);
  assert_int_equal(setenv("TMPDIR", tmp, 1), 0);

  survive(temporaries);

  assert_int_equal(unsetenv("TMPDIR"), 0);
  assert_int_equal(rmdir(tmp), 0); /* the directory is empty */
}

static avow_promise_t *trees(void) {
  char path[PATH];
  avow_promise_t *p = avow_make_dirs(loop, at(path, "a/b/c"), 0700);
  p = avow_then(p, copy_cb, NULL, NULL);
  p = avow_then(p, glob_cb, NULL, NULL);
  p = avow_then(p, dots_cb, NULL, NULL);
  p = avow_then(p, walk_cb, NULL, NULL);
  return avow_then(p, remove_cb, NULL, NULL);
}

static void trees_survive(void **state) {
  survive(trees);
}

static int start(void **state) {
  (void) snprintf(directory, sizeof(directory), "/tmp/avow-XXXXXX");
  return start_pool_alone(state) != 0 || mkdtemp(directory) == NULL ? -1 : 0;
}

/* A run without memory leaves a part of the tree. */
static int finish(void **state) {
  if (harness_setup(state) != 0)
    return -1;
  avow_value_unref(avow_run(avow_remove_tree(loop, directory)));
  return harness_teardown(state) != 0 || access(directory, F_OK) == 0 ? -1 : 0;
}

SUITE(oom_disk) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(written_files_survive),
    cmocka_unit_test(trees_survive),
    cmocka_unit_test(temporary_directories_survive_and_are_removed),
  };
  harness_init();
  return cmocka_run_group_tests(tests, start, finish);
}
