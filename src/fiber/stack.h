/* SPDX-License-Identifier: MIT */
/* Memory for stacks. */
#ifndef AVOW_STACK_H
#define AVOW_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

typedef struct avow__stack_s {
  char *bottom; /* of what may be used; below lies the guard */
  size_t size;
  size_t guard;
} avow__stack_t;

/* Maps a stack of at least size bytes above a guard of at least so many.
   UV_EAGAIN when the process has as many mappings as the system allows it,
   UV_ENOMEM. */
int avow__stack_map(size_t size, size_t guard, avow__stack_t *out);
void avow__stack_unmap(avow__stack_t stack);

/* Overwrites all of it with zeros. */
void avow__stack_wipe(avow__stack_t stack);

/* The smallest that functions are given: some pages of theirs, and what the
   system puts there when a signal comes. */
size_t avow__stack_least(void);

/* Whether at is in the guard below it. */
bool avow__stack_guards(avow__stack_t stack, const void *at);

/* How that is done. Tests have it fail, and look. */
extern AVOW__HIDDEN void *(*avow__map_pages)(size_t size);
extern AVOW__HIDDEN void (*avow__unmap_pages)(void *pages, size_t size);
extern AVOW__HIDDEN size_t (*avow__signal_frame)(void);

#endif
