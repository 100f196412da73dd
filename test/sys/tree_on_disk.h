/* SPDX-License-Identifier: MIT */
/* The tree for tests of walks and patterns. */
#ifndef TREE_ON_DISK_H
#define TREE_ON_DISK_H

#include "disk.h"

enum { MANY = 500 };

/* a: b/, b/c/, b/c/three.c, b/two.c, one.c, .hidden/, .hidden/x.c, link -> b */
void make_tree(void);

/* Creates many empty files in a: 0, 1, ... */
void make_many(void);

#endif
