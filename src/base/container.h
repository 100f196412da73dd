/* SPDX-License-Identifier: MIT */
/* Converts the address of a member to the address of its struct. */
#ifndef AVOW_CONTAINER_H
#define AVOW_CONTAINER_H

#include <stddef.h>

/* The struct of type `type` whose `member` is at `at`. */
#define AVOW__CONTAINER(type, member, at) \
  ((type *) (void *) ((char *) (at) -offsetof(type, member)))

#endif
