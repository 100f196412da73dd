/* SPDX-License-Identifier: MIT */
/*
 * Calls that the system refuses while trees are walked and searched, entries
 * whose type it does not report, and walks that stop halfway.
 */
#include <unistd.h>

#include "refusing.h"
#include "sys/dir_open.h"

static refusal_t readings, looks;
static bool hides_types;
static const char *once_read; /* new working directory */

int __wrap_avow__dir_read(avow__dir_t *dir, const char **name,
                          uv_dirent_type_t *type);
int __real_avow__dir_read(avow__dir_t *dir, const char **name,
                          uv_dirent_type_t *type);
int __wrap_avow__dir_read(avow__dir_t *dir, const char **name,
                          uv_dirent_type_t *type) {
  hold_up();
  const int n = __real_avow__dir_read(dir, name, type);
  if (hides_types && n > 0)
    *type = UV_DIRENT_UNKNOWN;
  go_to(&once_read);
  return refuses(&readings) ? readings.err : n;
}

int __wrap_avow__place_lstat(avow__place_t place, uv_stat_t *out);
int __real_avow__place_lstat(avow__place_t place, uv_stat_t *out);
int __wrap_avow__place_lstat(avow__place_t place, uv_stat_t *out) {
  return refuses(&looks) ? looks.err : __real_avow__place_lstat(place, out);
}

typedef struct {
  int entries, errors, dirs, unknown;
} walked_t;

static walked_t walk(const char *name) {
  walked_t walked = { 0 };
  avow_channel_t *channel = avow_tree_entries(loop, at(name));
  avow_value_t v = avow_run(avow_channel_next(channel));
  for (; v.tag == AVOW_OBJECT; v = avow_run(avow_channel_next(channel))) {
    const avow_tree_entry_t *found = avow_to_tree_entry(&v);
    walked.entries++;
    walked.errors += found->error == UV_EIO;
    walked.dirs += found->type == UV_DIRENT_DIR;
    walked.unknown += found->type == UV_DIRENT_UNKNOWN;
    avow_value_unref(v);
  }
  assert_int_equal(v.tag, AVOW_NONE);
  avow_channel_unref(channel);
  return walked;
}

/* The walk first reads an upper directory to its end, because not all
   directories can stay open. */
static void walk_reports_a_directory_that_fails_midway(void **state) {
  enum { OPEN = 32, DEEP = OPEN + 3 };
  char name[2 * DEEP] = "a";
  for (int i = 0; i < DEEP; i++) {
    make_dir(name);
    strcat(name, i < DEEP - 1 ? "/a" : "");
  }
  readings = (refusal_t){ .err = UV_EIO, .after = OPEN, .times = 1 };

  const walked_t walked = walk("a");

  assert_int_equal(walked.entries, OPEN);
  assert_int_equal(walked.errors, 1);
}

static void walk_checks_entries_of_unknown_type(void **state) {
  make_tree();
  hides_types = true;

  const walked_t walked = walk("a");

  assert_int_equal(walked.entries, 2);
  assert_int_equal(walked.dirs, 1);
  assert_int_equal(walked.unknown, 0);
}

static void walk_includes_entries_that_it_cannot_check(void **state) {
  make_tree();
  hides_types = true;
  looks = once(UV_EACCES);

  const walked_t walked = walk("a");

  assert_int_equal(walked.entries, 1);
  assert_int_equal(walked.unknown, 1);
}

static void walk_stops_midway_when_its_loop_closes(void **state) {
  make_tree();
  start_holding_up();
  avow_channel_t *channel = avow_tree_entries(loop, at("a"));
  run_until_held_up();

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(readings.calls, 1);
  avow_channel_unref(channel);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void glob_skips_directories_that_cannot_be_read(void **state) {
  make_tree();
  readings = once(UV_EACCES);

  const avow_value_t v = avow_run(avow_glob(loop, at("**/b")));

  assert_int_equal(v.tag, AVOW_LIST);
  assert_int_equal(readings.calls, 1);
  avow_value_unref(v);
}

static void glob_follows_links_from_their_own_directory(void **state) {
  make_tree();
  make_link("a/link", "b");
  assert_int_equal(chdir(at("a")), 0);
  once_read = "a/b";

  const avow_value_t v = avow_run(avow_glob(loop, "*/"));

  assert_null(once_read);
  assert_int_equal(avow_list_len(&v), 2);
  avow_value_unref(v);
}

/* Two nested directories. The search only reads the directory that it is in. */
static void glob_stops_midway(bool closing) {
  make_dir("a/b/c");
  start_holding_up();
  avow_promise_t *p = avow_glob(loop, at("a/**/none"));
  run_until_held_up();

  if (closing)
    assert_loop_close_cancels(p);
  else
    assert_cancels(p);
  run();

  assert_int_equal(readings.calls, 1);
}

static void glob_stops_midway_when_canceled(void **state) {
  make_tree();
  glob_stops_midway(false);
}

static void glob_stops_midway_when_its_loop_closes(void **state) {
  make_tree();
  glob_stops_midway(true);
}

/* avow cannot tell which directory it was, so the entry of that name is
   removed. */
static void unchecked_temp_dir_is_removed_by_name(void **state) {
  assert_int_equal(setenv("TMPDIR", at(""), 1), 0);
  looks = once(UV_EACCES);
  const avow_value_t v = avow_run(avow_temp_dir(loop, "avow-"));
  assert_int_equal(v.tag, AVOW_OBJECT);
  assert_int_equal(entries_of(""), 1);

  avow_value_unref(v);
  run();

  assert_int_equal(entries_of(""), 0);
  assert_int_equal(unsetenv("TMPDIR"), 0);
}

static int setup(void **state) {
  readings = looks = never;
  hides_types = false;
  once_read = NULL;
  return refusing_setup(state);
}

#define REFUSED_CASE(f) cmocka_unit_test_setup_teardown(f, setup, disk_teardown)

SUITE(refused_walk) {
  const struct CMUnitTest tests[] = {
    REFUSED_CASE(walk_reports_a_directory_that_fails_midway),
    REFUSED_CASE(walk_checks_entries_of_unknown_type),
    REFUSED_CASE(walk_includes_entries_that_it_cannot_check),
    REFUSED_CASE(walk_stops_midway_when_its_loop_closes),
    REFUSED_CASE(glob_skips_directories_that_cannot_be_read),
    REFUSED_CASE(glob_follows_links_from_their_own_directory),
    REFUSED_CASE(glob_stops_midway_when_canceled),
    REFUSED_CASE(glob_stops_midway_when_its_loop_closes),
    REFUSED_CASE(unchecked_temp_dir_is_removed_by_name),
  };
  disk_init();
  return RUN(tests);
}
