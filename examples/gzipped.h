/* SPDX-License-Identifier: MIT */
/* A stream that compresses another stream in gzip format. */
#ifndef GZIPPED_H
#define GZIPPED_H

#include <avow.h>

/* OBJECT: a stream with the compressed data of `from`, which it takes ownership
   of. On failure the result is an error. */
avow_value_t gzipped(uv_loop_t *loop, avow_value_t from);

#endif
