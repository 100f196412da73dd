/* SPDX-License-Identifier: MIT */
/*
 * Pairs of streams in memory. The bytes that a program writes to one end are
 * read from the other end, as over a connection. A pair connects two parts of a
 * program, or tests code that uses an avow_stream_t. For tests, a pair can give
 * one byte at a time, delay the bytes, or break after any byte.
 */
#ifndef AVOW_DUPLEX_H
#define AVOW_DUPLEX_H

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/** Options of a pair of streams; 0 in a field is its default. */
typedef struct avow_duplex_options_s {
  size_t max_bytes; /* largest number of bytes of one read; 0: no limit */
  uint64_t delay;   /* ms from a write to the read of its bytes; 0: none */
  /* How the direction from the first end to the second breaks after `cut_after`
     bytes. 0: it never breaks. UV_EOF: it ends, and later writes to the first
     end reject with UV_EPIPE. Any other code, such as UV_ECONNRESET: reads and
     writes of both ends reject with that code. */
  int cut;
  size_t cut_after;     /* bytes; used only if `cut` is not 0 */
  uint64_t reserved[4]; /* must be 0; for later versions */
} avow_duplex_options_t;

/**
 * Makes two streams that are connected in memory.
 *
 * Each direction buffers up to `capacity` bytes. A write settles when all its
 * bytes are buffered or read. An end closes when the last reference to its
 * value is released. The other end then reads the buffered bytes, and NONE
 * after them. Its writes reject with UV_EPIPE. `options` may be NULL.
 *
 * @returns LIST of the two ends, each an OBJECT duplex, see avow_to_stream();
 *          or an error
 * @error   UV_EINVAL if `cut` is positive, which is no error code
 * @error   UV_EINVAL if a reserved field is not 0
 * @error   UV_ENOMEM if there is no memory for the streams
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_duplex(
    uv_loop_t *loop, size_t capacity, const avow_duplex_options_t *options);

AVOW_HEADER_END

#endif
