/* SPDX-License-Identifier: MIT */
/* Functions of a test that stand before those of the system. */
#ifndef INTERPOSE_H
#define INTERPOSE_H

#include <dlfcn.h>
#include <string.h>

/* Stores the function of the system that the test's own hides. */
static inline void find_next(void *out, const char *name) {
  void *next = dlsym(RTLD_NEXT, name);
  memcpy(out, &next, sizeof(next));
}

#endif
