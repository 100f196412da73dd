/* SPDX-License-Identifier: MIT */
/*
 * Subsystems are files that keep something for a loop. Each has functions that
 * the context calls when the loop closes. A subsystem of the engine has fields
 * in the context, and sets its functions there when it is first used. A
 * subsystem of a higher layer adds a struct of its own. So the engine names no
 * higher layer, and a program contains only the subsystems that it uses.
 */
#ifndef AVOW_EXTENSION_H
#define AVOW_EXTENSION_H

#include "engine/context.h"

/* The struct with this number, of `size` bytes. It begins with an
   avow__extension_t, and is zeroed when it is new. NULL without memory, or if
   it does not exist when the loop is closed. Numbers follow the order of
   src/meson.build, because the highest closes first. */
void *avow__extension_open(avow__context_t *c, int number,
                           const avow__subsystem_t *subsystem, size_t size);

/* The functions of the struct with this number; NULL if there is none. */
const avow__subsystem_t *avow__extension_subsystem(const avow__context_t *c,
                                                   int number);

#endif
