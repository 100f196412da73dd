/* SPDX-License-Identifier: MIT */
/*
 * The set of addresses that are in use, for all clients of the process. It has
 * easy handles that values own, because no transfer may take them, and streams
 * that are being sent. The user of an address provides the node, so the set
 * allocates nothing.
 */
#ifndef AVOW_CURL_HANDLES_IN_USE_H
#define AVOW_CURL_HANDLES_IN_USE_H

#include <stdbool.h>

typedef struct known_s known_t;

struct known_s {
  const void *what; /* NULL: the node is in no list */
  known_t *next;
};

void avow__curl_known_add(known_t *node, const void *what);

/* Accepts a node that is in no list. */
void avow__curl_known_remove(known_t *node);

bool avow__curl_is_known(const void *what);

#endif
