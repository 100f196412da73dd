/* SPDX-License-Identifier: MIT */
/*
 * What streams and handles keep for a loop: who uses them, by their address,
 * because the callbacks of libuv get the handle only, and its data is the
 * program's.
 */
#ifndef AVOW_HANDLE_TABLE_PRIVATE_H
#define AVOW_HANDLE_TABLE_PRIVATE_H

#include "engine/extension.h"
#include "value/buffer.h"

enum {
  AVOW__READERS,    /* who reads, by their handle */
  AVOW__SINKS,      /* where they write to */
  AVOW__DRAINING,   /* the same of who has made way there, but is not over */
  AVOW__PULLED,     /* who reads from a stream in several steps, by its self */
  AVOW__WATCHED,    /* who waits for its peer to go, by its self */
  AVOW__CONNECTING, /* connects, by their pipe */
  AVOW__OWNED,      /* streams that values own */
  AVOW__NET_TABLES
};

typedef struct avow__net_s {
  avow__extension_t extension;
  avow__table_t tables[AVOW__NET_TABLES];
  avow__link_t *reads; /* read.c: those that are pending */
  avow__buffer_t room; /* read_buffer.c: what libuv reads to */
  uint32_t laden;      /* read.c: streams where bytes wait, at most */
  /* read.c: leaves the streams that it watches on; NULL: there are none. */
  void (*quiet)(avow__context_t *c);
  /* stream_value.c; NULL: no value owns a stream. */
  void (*owned_close)(avow__node_t *node);
  void (*owned_free)(avow__node_t *node);
} avow__net_t;

enum { AVOW__NET_EXTENSION = 3 };

/* NULL without memory. */
avow__net_t *avow__net_open(avow__context_t *c);

/* NULL before the loop has a stream. */
static inline avow__net_t *avow__net_of(const avow__context_t *c) {
  return (avow__net_t *) c->extensions[AVOW__NET_EXTENSION];
}

/* NULL if there is none. */
avow__node_t *avow__net_find(const avow__context_t *c, int table,
                             const void *key);

/* Of a loop with streams. */
static inline void avow__net_add(const avow__context_t *c, int table,
                                 avow__node_t *node) {
  avow__table_add(&avow__net_of(c)->tables[table], node);
}

static inline void avow__net_remove(const avow__context_t *c, int table,
                                    avow__node_t *node) {
  avow__table_remove(&avow__net_of(c)->tables[table], node);
}

#endif
