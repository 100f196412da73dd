/* SPDX-License-Identifier: MIT */
/* Locals of async functions. The code that starts and ends such functions needs
   these parts. Only the file that sets a local knows how it is kept. */
#ifndef AVOW_LOCAL_PRIVATE_H
#define AVOW_LOCAL_PRIVATE_H

#include "avow/value.h"
#include "fiber/fiber.h"

typedef void avow__local_fn(const char *name, const avow_value_t *v,
                            void *data);

struct avow__locals_s {
  size_t refs;
  void (*free)(avow__locals_t *locals); /* last: it may call the program */
  /* Calls fn with each value that has a name. */
  void (*each)(const avow__locals_t *locals, avow__local_fn *fn, void *data);
};

static inline void avow__locals_unref(avow__locals_t *locals) {
  if (--locals->refs == 0)
    locals->free(locals);
}

#endif
