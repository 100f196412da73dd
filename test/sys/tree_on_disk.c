/* SPDX-License-Identifier: MIT */
#include "tree_on_disk.h"

#include <stdio.h>

void make_tree(void) {
  make_dir("a");
  make_dir("a/b");
  make_dir("a/b/c");
  make_dir("a/.hidden");
  make_file("a/.hidden/x.c", "");
  make_file("a/one.c", "");
  make_file("a/b/two.c", "");
  make_file("a/b/c/three.c", "");
  make_link("a/link", "b");
}

void make_many(void) {
  char name[32];
  for (int i = 0; i < MANY; i++) {
    (void) snprintf(name, sizeof(name), "a/%d", i); /* it fits */
    make_file(name, "");
  }
}
