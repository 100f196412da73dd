/* SPDX-License-Identifier: MIT */
/* A table from addresses to what belongs to them, so that nothing need be kept
   in a handle's data. */
#ifndef AVOW_TABLE_H
#define AVOW_TABLE_H

#include <stddef.h>

typedef struct avow__node_s avow__node_t;

/* A node is part of what is found. */
struct avow__node_s {
  avow__node_t *next;
  const void *key;
};

enum { AVOW__TABLE_MIN = 16 };

typedef struct avow__table_s {
  avow__node_t **buckets; /* NULL: few */
  size_t mask;            /* of buckets */
  size_t count;
  avow__node_t *few[AVOW__TABLE_MIN];
} avow__table_t;

/* Adds a node with its key set. Cannot fail: a table that finds no memory to
   grow goes on with longer chains. */
void avow__table_add(avow__table_t *table, avow__node_t *node);
avow__node_t *avow__table_find(const avow__table_t *table, const void *key);
void avow__table_remove(avow__table_t *table, avow__node_t *node);
/* Calls fn for each node; fn may remove that one, and add none. */
void avow__table_each(avow__table_t *table, void (*fn)(avow__node_t *node));
void avow__table_close(avow__table_t *table);
/* Are all nodes where they are looked for? */
void avow__table_check(const avow__table_t *table);

#endif
