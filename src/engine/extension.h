/* SPDX-License-Identifier: MIT */
/*
 * Subsystems: files that keep something for a loop. Each has functions that the
 * context calls when the loop closes. A subsystem of the engine has fields in
 * the context and puts its functions there at its first use. A subsystem of a
 * higher layer adds a struct of its own. So the engine names no layer, and a
 * program contains only the subsystems that it uses.
 */
#ifndef AVOW_EXTENSION_H
#define AVOW_EXTENSION_H

#include "engine/context.h"

/* The struct of `size` bytes that has this number, zeroed if it is new. It
   begins with an avow__extension_t. NULL without memory, and once the loop is
   closed. Numbers follow the order of src/meson.build, because the highest
   closes first. */
void *avow__extension_open(avow__context_t *c, int number,
                           const avow__subsystem_t *subsystem, size_t size);

/* The functions of the struct that has this number; NULL if there is none. */
const avow__subsystem_t *avow__extension_subsystem(const avow__context_t *c,
                                                   int number);

#endif
