/* Memory for stacks. */
#ifndef AVOW_STACK_H
#define AVOW_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"

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

/* Whether at is in the guard below it. */
bool avow__stack_guards(avow__stack_t stack, const void *at);

/* How both do it. Tests have it fail. */
extern AVOW__HIDDEN void *(*avow__map_pages)(size_t size);

#endif
