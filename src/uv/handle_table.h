/* SPDX-License-Identifier: MIT */
/*
 * A loop's data about streams and handles: their current users, by address. The
 * callbacks of libuv get only the handle, whose `data` belongs to the program.
 */
#ifndef AVOW_HANDLE_TABLE_PRIVATE_H
#define AVOW_HANDLE_TABLE_PRIVATE_H

#include "engine/extension.h"
#include "value/buffer.h"

enum {
  AVOW__READERS,    /* readers, by handle */
  AVOW__SINKS,      /* pumps that write to a stream, by its self */
  AVOW__DRAINING,   /* canceled pumps that still write, by self */
  AVOW__PULLED,     /* readers that read in several steps, by self */
  AVOW__WATCHED,    /* users that wait for the peer to close, by self */
  AVOW__CONNECTING, /* pending connects, by pipe */
  AVOW__OWNED,      /* streams that values own */
  AVOW__NET_TABLES
};

typedef struct avow__net_s {
  avow__extension_t extension;
  avow__table_t tables[AVOW__NET_TABLES];
  avow__link_t *reads; /* read.c: pending reads */
  avow__buffer_t room; /* read_buffer.c: where libuv reads to */
  /* read.c: upper bound of streams with unread data */
  uint32_t stopped_with_data;
  /* read.c: stops the streams that are watched without a read; NULL: none. */
  void (*quiet)(avow__context_t *c);
  /* stream_value.c; NULL: no value owns a stream. */
  void (*owned_close)(avow__node_t *node);
  void (*owned_free)(avow__node_t *node);
} avow__net_t;

enum { AVOW__NET_EXTENSION = 3 };

/* NULL if out of memory. */
avow__net_t *avow__net_open(avow__context_t *c);

/* NULL until the loop has a stream. */
static inline avow__net_t *avow__net_of(const avow__context_t *c) {
  return (avow__net_t *) c->extensions[AVOW__NET_EXTENSION];
}

/* NULL if there is none. */
avow__node_t *avow__net_find(const avow__context_t *c, int table,
                             const void *key);

/* The loop must have streams. */
static inline void avow__net_add(const avow__context_t *c, int table,
                                 avow__node_t *node) {
  avow__table_add(&avow__net_of(c)->tables[table], node);
}

static inline void avow__net_remove(const avow__context_t *c, int table,
                                    avow__node_t *node) {
  avow__table_remove(&avow__net_of(c)->tables[table], node);
}

#endif
