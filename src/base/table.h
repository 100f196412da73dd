/* SPDX-License-Identifier: MIT */
/* A table from addresses to the objects that belong to them. With it, avow
   leaves the `data` field of a handle to the program. */
#ifndef AVOW_TABLE_H
#define AVOW_TABLE_H

#include <stddef.h>

typedef struct avow__node_s avow__node_t;

/* A member of the object to be found. */
struct avow__node_s {
  avow__node_t *next;
  const void *key;
};

enum { AVOW__TABLE_MIN = 16 };

typedef struct avow__table_s {
  avow__node_t **buckets; /* NULL: `few` is used */
  size_t mask;            /* of `buckets` */
  size_t count;
  avow__node_t *few[AVOW__TABLE_MIN];
} avow__table_t;

/* Adds a node whose `key` is set. This cannot fail: if there is no memory to
   grow, the table continues with longer chains. */
void avow__table_add(avow__table_t *table, avow__node_t *node);
avow__node_t *avow__table_find(const avow__table_t *table, const void *key);
void avow__table_remove(avow__table_t *table, avow__node_t *node);
/* Calls `fn` for each node. `fn` may remove that node but must not add any. */
void avow__table_each(avow__table_t *table, void (*fn)(avow__node_t *node));
void avow__table_close(avow__table_t *table);
/* Checks that each node is in the bucket of its key. */
void avow__table_check(const avow__table_t *table);

#endif
