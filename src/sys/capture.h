/* SPDX-License-Identifier: MIT */
/* What a process writes to a pipe, up to its end, in one piece of bytes. */
#ifndef AVOW_CAPTURE_H
#define AVOW_CAPTURE_H

#include <uv.h>

#include "value/buffer.h"

typedef struct avow__capture_s avow__capture_t;

/* 0 at the end, UV_EMSGSIZE for all that is past max_bytes, or what else went
   wrong. */
typedef void (*avow__capture_cb)(avow__capture_t *capture, int err);

struct avow__capture_s {
  uv_pipe_t pipe; /* its data is the owner's */
  avow__capture_cb cb;
  avow__buffer_t buffer;
  size_t max_bytes;
};

/* Reads until the end, unless the pipe is closing. cb is called for the end, or
   an error, after which there is no more to come; but past max_bytes reading
   goes on, so that the process is not held up. */
void avow__capture_start(avow__capture_t *capture, avow__capture_cb cb);

#endif
