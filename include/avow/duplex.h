/* SPDX-License-Identifier: MIT */
/*
 * Streams in memory, for tests, and between two parts of one program: what goes
 * in at one end comes out at the other, as over a connection. Whatever reads
 * and writes an avow_stream_t can be tried over a pair that hands out one byte
 * at a time, is slow, or breaks off at any byte.
 */
#ifndef AVOW_DUPLEX_H
#define AVOW_DUPLEX_H

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/** Zero in a field stands for its default. */
typedef struct avow_duplex_options_s {
  size_t max_bytes; /* that a read gives; as many as it asks for */
  uint64_t delay;   /* in ms, between writing and reading; none */
  /* How the way from the first end to the second breaks off, behind cut_after
     bytes: UV_EOF ends it, and writes of the first are UV_EPIPE then; another
     code, such as UV_ECONNRESET, is what both get on both ways. 0: never. */
  int cut;
  size_t cut_after;
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_duplex_options_t;

/**
 * LIST: the two ends, OBJECTs, see avow_to_stream(); else an error. Of what is
 * written capacity bytes wait, either way, to be read; a write settles once
 * what it wrote is among these, or was read. An end closes with the last
 * reference to it: the other reads what is there, then NONE, and its writes are
 * UV_EPIPE. options may be NULL. UV_EINVAL for a cut that is no code of an
 * error.
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_duplex(
    uv_loop_t *loop, size_t capacity, const avow_duplex_options_t *options);

AVOW_HEADER_END

#endif
