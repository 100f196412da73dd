/* SPDX-License-Identifier: MIT */
#include "copied_tree.h"

#include <stdio.h>
#include <unistd.h>

#include "disk.h"

void make_source_tree(void) {
  make_dir("a");
  make_dir("a/b");
  make_dir("a/b/c");
  make_file("a/one", "1");
  make_file("a/b/two", "22");
  make_file("a/b/c/three", "333");
  make_link("a/link", "b/../nowhere");
}

void assert_copied(const char *to) {
  char name[64];
  (void) snprintf(name, sizeof(name), "%s/one", to); /* the names fit */
  assert_file(name, "1");
  (void) snprintf(name, sizeof(name), "%s/b/two", to);
  assert_file(name, "22");
  (void) snprintf(name, sizeof(name), "%s/b/c/three", to);
  assert_file(name, "333");
  char target[64] = "";
  (void) snprintf(name, sizeof(name), "%s/link", to);
  assert_true(readlink(at(name), target, sizeof(target) - 1) > 0);
  assert_string_equal(target, "b/../nowhere");
}
