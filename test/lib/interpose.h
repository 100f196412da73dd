/* SPDX-License-Identifier: MIT */
/* Functions of a test that hide the system's functions. */
#ifndef INTERPOSE_H
#define INTERPOSE_H

#include <dlfcn.h>
#include <string.h>

/* Stores the system's function that the test's own function hides. */
static inline void find_next(void *out, const char *name) {
  void *next = dlsym(RTLD_NEXT, name);
  memcpy(out, &next, sizeof(next));
}

#endif
