/* SPDX-License-Identifier: MIT */
/* Memory for stacks. */
#ifndef AVOW_STACK_H
#define AVOW_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

typedef struct avow__stack_s {
  char *bottom; /* of the usable part; the guard lies below */
  size_t size;
  size_t guard;
} avow__stack_t;

/* Maps a stack of at least `size` bytes above a guard of at least `guard`
   bytes. Returns UV_EAGAIN if the process has as many mappings as the system
   allows, or UV_ENOMEM. */
int avow__stack_map(size_t size, size_t guard, avow__stack_t *out);
void avow__stack_unmap(avow__stack_t stack);

/* Overwrites the whole stack with zeros. */
void avow__stack_wipe(avow__stack_t stack);

/* The smallest stack that functions get: some pages for them, and the frame of
   a signal. */
size_t avow__stack_least(void);

/* Whether `at` is in the guard of the stack. */
bool avow__stack_guards(avow__stack_t stack, const void *at);

/* The system calls behind these functions. Tests replace them to make them fail
   and to count them. */
extern AVOW__HIDDEN void *(*avow__map_pages)(size_t size);
extern AVOW__HIDDEN void (*avow__unmap_pages)(void *pages, size_t size);
extern AVOW__HIDDEN size_t (*avow__signal_frame)(void);

#endif
