/* SPDX-License-Identifier: MIT */
/*
 * One way of a pair in memory, from the end that writes to the end that reads:
 * a row of pieces, one for each write. Those that fit into its room are taken:
 * their writes have settled. Positions are counted in bytes from the beginning.
 */
#ifndef AVOW_DUPLEX_HALF_H
#define AVOW_DUPLEX_HALF_H

#include "avow/duplex.h"
#include "engine/child.h"

typedef struct avow__pair_s avow__pair_t;

typedef struct {
  avow__pair_t *pair;
  avow__link_t *pieces;  /* that are not read to their end */
  avow__link_t *waiting; /* the first of these that is not taken */
  uint64_t written, read;
  int broken;       /* what writes reject with; 0: it is sound */
  int ended;        /* what is read behind the pieces; 0: there will be more */
  uint64_t end_due; /* when that can be read */
  bool lost;        /* its reader takes no more */
  avow_deferred_t *shutdown;
  avow_deferred_t *watcher; /* of whether it is lost */
  avow_deferred_t *reader;
  size_t max_bytes;      /* that it asked for */
  avow_promise_t *sleep; /* until there is something to read */
} avow__way_t;

/* Both ways. Its children are the sleeps until something can be read. */
struct avow__pair_s {
  avow__parent_t parent;
  size_t room;
  avow_duplex_options_t options;
  avow__way_t ways[2]; /* the first is that from the first end */
};

/* A pair of size bytes, zeroed behind what it begins with; NULL without memory.
   It may be cut from the beginning. */
void *avow__pair_new(uv_loop_t *loop, size_t size, size_t room,
                     const avow_duplex_options_t *options);

/* What the ends are asked for. There is no other reader, nor watcher, and the
   way is sound where something is written or ends. */
avow_promise_t *avow__way_read(avow__way_t *way, size_t max_bytes);
avow_promise_t *avow__way_write(avow__way_t *way, avow_value_t bytes);
avow_promise_t *avow__way_shutdown(avow__way_t *way);
avow_promise_t *avow__way_watch(avow__way_t *way);

/* Bytes that wait to be taken. */
size_t avow__way_queued(const avow__way_t *way);

/* What is on the way is lost, and nothing more comes. */
void avow__way_break(avow__way_t *way, int code);

/* An end closes. What was not taken is not written any more. */
void avow__way_stop_watching(avow__way_t *way);
void avow__way_stop_reading(avow__way_t *way);
void avow__way_stop_writing(avow__way_t *way);

#endif
