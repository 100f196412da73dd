/* SPDX-License-Identifier: MIT */
/* How to get from a member of a struct to the whole. */
#ifndef AVOW_CONTAINER_H
#define AVOW_CONTAINER_H

#include <stddef.h>

/* The struct of that type whose member is at. */
#define AVOW__CONTAINER(type, member, at) \
  ((type *) (void *) ((char *) (at) -offsetof(type, member)))

#endif
