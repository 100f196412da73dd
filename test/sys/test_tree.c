/* SPDX-License-Identifier: MIT */
/* Walking trees while others change them. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "sys/tree.h"

/* Deeper than the number of directories that stay open. */
enum { DEEP = 60 };

static avow__tree_t tree;

static void begin(const char *name) {
  assert_int_equal(avow__tree_init(&tree, at(name), strlen(at(name))), 0);
  assert_int_equal(avow__tree_enter(&tree, 0), 0);
}

static void assert_step(int expected) {
  assert_int_equal(avow__tree_next(&tree), expected);
}

static void go_into(void) {
  assert_step(AVOW__TREE_ENTRY);
  assert_int_equal(tree.type, UV_DIRENT_DIR);
  assert_int_equal(avow__tree_enter(&tree, 0), 0);
}

/* Goes down to the directory at that depth. */
static void go_down(size_t depth) {
  while (tree.depth < depth)
    go_into();
}

/* Goes up until `depth` directories are left. */
static void go_up(size_t depth) {
  while (tree.depth - (tree.left ? 1 : 0) > depth)
    assert_step(AVOW__TREE_LEFT);
}

static void move(const char *from, const char *to) {
  char path[512]; /* at() has a few buffers only */
  (void) snprintf(path, sizeof(path), "%s", at(from)); /* it fits */
  assert_int_equal(rename(path, at(to)), 0);
}

static const char *chain(size_t levels) {
  static char name[256] = "a";
  for (size_t i = 0; i < levels; i++)
    memcpy(name + 1 + 2 * i, "/d", 3);
  return name;
}

static void tree_walks_below_the_path_length_limit(void **state) {
  const int before = open_files();
  make_abyss("a");
  begin("a");

  go_down(ABYSS + 1);
  assert_in_range(open_files() - before, 1, 33);
  go_up(0);

  assert_string_equal(tree.path, at("a"));
  assert_step(AVOW__TREE_END);
  avow__tree_free(&tree);
  assert_int_equal(open_files(), before);
  assert_fulfills_int(avow_remove_tree(loop, at("a")), ABYSS + 1);
}

static void tree_enters_no_link_that_replaced_a_directory(void **state) {
  make_dir("outside");
  make_dir("a");
  make_dir("a/d");
  begin("a");
  assert_step(AVOW__TREE_ENTRY);

  move("a/d", "d");
  make_link("a/d", "../outside");
  const int err = avow__tree_enter(&tree, 0);

  assert_true(err == UV_ENOTDIR || err == UV_ELOOP);
  assert_step(AVOW__TREE_LEFT);
  avow__tree_free(&tree);
}

static void tree_enters_a_link_that_was_listed_as_a_link(void **state) {
  make_dir("outside");
  make_file("outside/file", "");
  make_dir("a");
  make_link("a/link", "../outside");
  begin("a");
  assert_step(AVOW__TREE_ENTRY);
  assert_int_equal(tree.type, UV_DIRENT_LINK);

  assert_int_equal(avow__tree_enter(&tree, 0), 0);

  assert_step(AVOW__TREE_ENTRY);
  assert_string_equal(tree.path, at("a/link/file"));
  avow__tree_free(&tree);
}

static void tree_stays_in_a_directory_that_is_moved(void **state) {
  uv_stat_t stat;
  make_chain("a", 2);
  make_file("a/d/file", "");
  begin("a/d");

  move("a/d", "moved");
  make_dir("a/d");

  for (int i = 0; i < 2; i++) {
    assert_step(AVOW__TREE_ENTRY);
    assert_int_equal(avow__place_lstat(avow__tree_place(&tree), &stat), 0);
  }
  avow__tree_free(&tree);
}

/* The way back is "..", which leads to another directory by then. */
static void tree_does_not_return_to_another_directory(void **state) {
  make_chain("a", DEEP);
  begin("a");
  go_down(DEEP + 1);
  move(chain(5), "moved");

  go_up(6);
  assert_step(UV_ENOENT);

  assert_string_equal(tree.path, at(chain(5)));
  assert_step(UV_ENOENT); /* the error persists */
  avow__tree_free(&tree);
}

static void tree_fails_level_by_level(void **state) {
  make_chain("a", DEEP);
  begin("a");
  go_down(DEEP + 1);
  move(chain(2), "moved");
  go_up(3);
  assert_step(UV_ENOENT);

  avow__tree_skip(&tree);
  assert_step(AVOW__TREE_LEFT);
  assert_string_equal(tree.path, at(chain(2)));
  assert_step(UV_ENOENT);
  assert_string_equal(tree.path, at(chain(1)));
  avow__tree_skip(&tree);
  assert_step(AVOW__TREE_LEFT);
  assert_step(UV_ENOENT);
  avow__tree_skip(&tree);
  assert_step(AVOW__TREE_LEFT);

  assert_step(AVOW__TREE_END);
  avow__tree_free(&tree);
}

static void tree_returns_when_descriptors_are_available(void **state) {
  struct rlimit limit;
  make_chain("a", DEEP);
  begin("a");
  go_down(DEEP + 1);
  go_up(30);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const struct rlimit none = { 3, limit.rlim_max };

  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  const int refused = avow__tree_next(&tree);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);

  assert_int_equal(refused, UV_EMFILE);
  go_up(0);
  assert_step(AVOW__TREE_END);
  avow__tree_free(&tree);
}

/* After a link, ".." leads to another directory. */
static void tree_returns_from_the_target_of_a_link(void **state) {
  make_dir("a");
  make_link("a/link", "../chain");
  make_chain("chain", DEEP);
  begin("a");
  assert_step(AVOW__TREE_ENTRY);
  assert_int_equal(avow__tree_enter(&tree, 0), 0);

  go_down(DEEP + 2);
  go_up(0);

  assert_step(AVOW__TREE_END);
  avow__tree_free(&tree);
}

/* Entries that are read before a directory is closed. */
static void tree_without_memory_loses_no_name_silently(void **state) {
  int err = 0;
  make_chain("a", DEEP);
  make_file("a/1", "");
  make_file("a/2", "");
  for (long nth = 1; nth < 4; nth++) {
    int entries = 0;
    begin("a");
    do {
      assert_step(AVOW__TREE_ENTRY);
      entries++;
    } while (tree.type != UV_DIRENT_DIR);
    assert_int_equal(avow__tree_enter(&tree, 0), 0);
    go_down(32);
    assert_step(AVOW__TREE_ENTRY);

    fail_allocation(nth, true);
    err = avow__tree_enter(&tree, 0);
    fail_allocation(0, false);

    assert_true(err == 0 || err == UV_ENOMEM);
    if (err == 0)
      go_down(DEEP + 1);
    go_up(1);
    do {
      err = avow__tree_next(&tree);
      entries += err == AVOW__TREE_ENTRY ? 1 : 0;
    } while (err == AVOW__TREE_ENTRY);
    assert_true(err == UV_ENOMEM || entries == 3);
    avow__tree_free(&tree);
  }
}

SUITE(tree) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(tree_walks_below_the_path_length_limit),
    DISK_CASE(tree_enters_no_link_that_replaced_a_directory),
    DISK_CASE(tree_enters_a_link_that_was_listed_as_a_link),
    DISK_CASE(tree_stays_in_a_directory_that_is_moved),
    DISK_CASE(tree_does_not_return_to_another_directory),
    DISK_CASE(tree_fails_level_by_level),
    DISK_CASE(tree_returns_when_descriptors_are_available),
    DISK_CASE(tree_returns_from_the_target_of_a_link),
    DISK_CASE(tree_without_memory_loses_no_name_silently),
  };
  disk_init();
  return RUN(tests);
}
