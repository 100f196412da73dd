/* SPDX-License-Identifier: MIT */
/*
 * A hash table from addresses to nodes, which are members of the objects found.
 * Buckets are chains. Their number doubles when there is one node for each
 * bucket. All zeros is an empty table.
 */
#include "base/table.h"

#include <assert.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/check.h"

static size_t table_hash(const void *key) {
  uint64_t h = (uint64_t) (uintptr_t) key;
  h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
  return (size_t) (h ^ (h >> 29));
}

static size_t mask_of(const avow__table_t *table) {
  return table->buckets != NULL ? table->mask : AVOW__TABLE_MIN - 1;
}

static avow__node_t **bucket(avow__table_t *table, const void *key) {
  avow__node_t **buckets = table->buckets != NULL ? table->buckets : table->few;
  return &buckets[table_hash(key) & mask_of(table)];
}

static void table_push(avow__node_t **chain, avow__node_t *node) {
  node->next = *chain;
  *chain = node;
}

static void table_grow(avow__table_t *table) {
  const size_t old_count = mask_of(table) + 1;
  avow__node_t **old = table->buckets != NULL ? table->buckets : table->few;
  avow__node_t **buckets = avow_calloc(old_count * 2, sizeof(avow__node_t *));
  if (buckets == NULL)
    return;
  const size_t mask = old_count * 2 - 1;
  for (size_t i = 0; i < old_count; i++) {
    while (old[i] != NULL) {
      avow__node_t *node = old[i];
      old[i] = node->next;
      table_push(&buckets[table_hash(node->key) & mask], node);
    }
  }
  avow_free(table->buckets);
  table->buckets = buckets;
  table->mask = mask;
}

void avow__table_add(avow__table_t *table, avow__node_t *node) {
  if (table->count > mask_of(table))
    table_grow(table);
  table_push(bucket(table, node->key), node);
  table->count++;
}

avow__node_t *avow__table_find(const avow__table_t *table, const void *key) {
  avow__node_t *const *buckets =
      table->buckets != NULL ? table->buckets : table->few;
  avow__node_t *node = buckets[table_hash(key) & mask_of(table)];
  while (node != NULL && node->key != key)
    node = node->next;
  return node;
}

void avow__table_remove(avow__table_t *table, avow__node_t *node) {
  avow__node_t **at = bucket(table, node->key);
  while (*at != node)
    at = &(*at)->next;
  *at = node->next;
  table->count--;
}

void avow__table_each(avow__table_t *table, void (*fn)(avow__node_t *node)) {
  avow__node_t **buckets = table->buckets != NULL ? table->buckets : table->few;
  for (size_t i = 0; i <= mask_of(table); i++) {
    avow__node_t *next;
    for (avow__node_t *node = buckets[i]; node != NULL; node = next) {
      next = node->next;
      fn(node);
    }
  }
}

void avow__table_close(avow__table_t *table) {
  assert(table->count == 0);
  avow_free(table->buckets);
  table->buckets = NULL;
}

#ifdef AVOW_CHECK

void avow__table_check(const avow__table_t *table) {
  avow__node_t *const *buckets =
      table->buckets != NULL ? table->buckets : table->few;
  size_t n = 0;
  for (size_t i = 0; i <= mask_of(table); i++) {
    for (const avow__node_t *at = buckets[i]; at != NULL; at = at->next) {
      AVOW__HOLDS(56, (table_hash(at->key) & mask_of(table)) == i);
      n++;
    }
  }
  AVOW__HOLDS(57, n == table->count);
}

#endif
