/* SPDX-License-Identifier: MIT */
#include "engine/extension.h"

#include "base/alloc.h"

void *avow__extension_open(avow__context_t *c, int number,
                           const avow__subsystem_t *subsystem, size_t size) {
  assert(number < AVOW__EXTENSIONS);
  if (c->extensions[number] != NULL || c->life == AVOW__CLOSED)
    return c->extensions[number];
  avow__extension_t *extension = avow_calloc(1, size);
  if (extension == NULL)
    return NULL;
  extension->subsystem = subsystem;
  c->extensions[number] = extension;
  return extension;
}

const avow__subsystem_t *avow__extension_subsystem(const avow__context_t *c,
                                                   int number) {
  const avow__extension_t *extension = c->extensions[number];
  return extension != NULL ? extension->subsystem : NULL;
}
