/* SPDX-License-Identifier: MIT */
/*
 * One way of a pair in memory, from the end that writes to the end that reads.
 * The way is a row of pieces, one for each write. Pieces that fit into the
 * capacity are taken, and their writes have settled. Positions are byte offsets
 * from the start.
 */
#ifndef AVOW_DUPLEX_HALF_H
#define AVOW_DUPLEX_HALF_H

#include "avow/duplex.h"
#include "engine/child.h"

typedef struct avow__pair_s avow__pair_t;

typedef struct {
  avow__pair_t *pair;
  avow__link_t *pieces;  /* pieces that are not read to their end */
  avow__link_t *waiting; /* the first piece that is not taken */
  uint64_t written, read;
  int broken;       /* code that writes reject with; 0: writes are possible */
  int ended;        /* code that is read after the pieces; 0: more may follow */
  uint64_t end_due; /* when the end can be read */
  bool lost;        /* the reader takes no more bytes */
  avow_deferred_t *shutdown;
  avow_deferred_t *watcher; /* promise of the hangup */
  avow_deferred_t *reader;
  size_t max_bytes;      /* limit of the pending read */
  avow_promise_t *sleep; /* until there is something to read */
} avow__way_t;

/* Both ways. The children are the sleeps until something can be read. */
struct avow__pair_s {
  avow__parent_t parent;
  size_t room;
  avow_duplex_options_t options;
  avow__way_t ways[2]; /* the first way leads away from the first end */
};

/* Allocates a pair of `size` bytes. All bytes after the avow__pair_t are zero.
   Returns NULL if out of memory. The pair may be cut from the start. */
void *avow__pair_new(uv_loop_t *loop, size_t size, size_t room,
                     const avow_duplex_options_t *options);

/* Operations of the ends. The caller checks that there is no other reader or
   watcher. It also checks that the way is not broken before a write or a
   shutdown. */
avow_promise_t *avow__way_read(avow__way_t *way, size_t max_bytes);
avow_promise_t *avow__way_write(avow__way_t *way, avow_value_t bytes);
avow_promise_t *avow__way_shutdown(avow__way_t *way);
avow_promise_t *avow__way_watch(avow__way_t *way);

/* Returns the number of bytes that are not taken. */
size_t avow__way_queued(const avow__way_t *way);

/* Drops the bytes on the way. No more bytes follow. */
void avow__way_break(avow__way_t *way, int code);

/* Called when an end closes. Bytes that were not taken are never written. */
void avow__way_stop_watching(avow__way_t *way);
void avow__way_stop_reading(avow__way_t *way);
void avow__way_stop_writing(avow__way_t *way);

#endif
