/* SPDX-License-Identifier: MIT */
/*
 * What is in use, by address, for all clients of the process: handles that
 * values own, which nobody else may take, and streams that are being sent. A
 * node of who uses it is all that this takes.
 */
#ifndef AVOW_CURL_HANDLES_IN_USE_H
#define AVOW_CURL_HANDLES_IN_USE_H

#include <stdbool.h>

typedef struct known_s known_t;

struct known_s {
  const void *what; /* NULL: the node is of nothing */
  known_t *next;
};

void avow__curl_known_add(known_t *node, const void *what);

/* Does nothing for a node of nothing. */
void avow__curl_known_remove(known_t *node);

bool avow__curl_is_known(const void *what);

#endif
