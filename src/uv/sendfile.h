/* SPDX-License-Identifier: MIT */
/* A portion of a file that the system moves to a stream by itself. */
#ifndef AVOW_SENDFILE_H
#define AVOW_SENDFILE_H

#include "avow/stream.h"

typedef struct {
  int to; /* a descriptor of its own; -1: none */
  uv_file file;
  int64_t offset; /* -1: where the file stands */
  size_t len;
  size_t sent;
  bool refused; /* there is no such way from this file to that stream */
} avow__sending_t;

/* A copy of the descriptor of the stream, which has a handle. It stays open
   while a thread of the pool sends, whatever becomes of the stream; -1 where
   the system moves nothing there. */
int avow__sending_open(avow_stream_t to);

/* On the pool: sends what the stream takes at once. */
void avow__sending_run(avow__sending_t *sending);
void avow__sending_close(const avow__sending_t *sending);

#endif
