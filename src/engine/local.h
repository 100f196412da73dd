/* SPDX-License-Identifier: MIT */
/* Values of async functions, for those that start and end them. */
#ifndef AVOW_LOCAL_PRIVATE_H
#define AVOW_LOCAL_PRIVATE_H

#include "fiber/fiber.h"

/* Gives a function that starts what the one has that starts it. */
void avow__locals_inherit(avow__fiber_t *f, const avow__fiber_t *by);

/* Lets go of what a function had. Last: it may call the program. */
void avow__locals_unref(avow__locals_t *locals);

/* Calls fn with each that has a name. */
void avow__locals_each(const avow__fiber_t *f,
                       void (*fn)(const char *name, const avow_value_t *v,
                                  void *data),
                       void *data);

#endif
