/* SPDX-License-Identifier: MIT */
/* A portion of a file that the system itself moves to a stream. */
#ifndef AVOW_SENDFILE_H
#define AVOW_SENDFILE_H

#include "avow/stream.h"

typedef struct {
  int to; /* a duplicated descriptor; -1: none */
  uv_file file;
  int64_t offset; /* -1: the file's current position */
  size_t len;
  size_t sent;
  bool refused; /* the system cannot move this file to that stream */
} avow__sending_t;

/* Returns a copy of the descriptor of a stream that has a handle. The copy
   stays open while a thread of the pool sends, even if the stream closes.
   Returns -1 if the system cannot move data to it. */
int avow__sending_open(avow_stream_t to);

/* On a thread of the pool: sends what the stream accepts at once. */
void avow__sending_run(avow__sending_t *sending);
void avow__sending_close(const avow__sending_t *sending);

#endif
