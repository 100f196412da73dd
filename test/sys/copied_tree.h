/* SPDX-License-Identifier: MIT */
/* A small tree for tests that copy: "a", with directories, files and a link. */
#ifndef COPIED_TREE_H
#define COPIED_TREE_H

enum { ENTRIES = 7 };

void make_source_tree(void);
void assert_copied(const char *to);

#endif
