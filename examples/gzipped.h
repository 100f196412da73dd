/* SPDX-License-Identifier: MIT */
/* A stream that gives, compressed as gzip does it, what it reads. */
#ifndef GZIPPED_H
#define GZIPPED_H

#include <avow.h>

/* OBJECT: such a stream of the one that from owns, which is taken; else an
   error. */
avow_value_t gzipped(uv_loop_t *loop, avow_value_t from);

#endif
