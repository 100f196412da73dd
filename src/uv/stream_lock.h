/* SPDX-License-Identifier: MIT */
/* Who reads from a handle: one at a time, found by the handle. */
#ifndef AVOW_STREAM_LOCK_H
#define AVOW_STREAM_LOCK_H

#include "uv/handle_table.h"

typedef struct avow__reading_s avow__reading_t;

struct avow__reading_s {
  avow__node_t node; /* by its handle */
  /* The handle begins to close, or is closing. */
  void (*on_close)(avow__reading_t *reading);
  /* Makes way for another; false if it reads. NULL: it always does. */
  bool (*yield)(avow__reading_t *reading);
  bool asks; /* of who reads in several steps: the read that begins is one */
};

/* Whether who reads in several steps is at it, and others have to wait. */
bool avow__reading_is_pulled(const avow__context_t *c, const void *key);

/* Registers a reading. UV_EALREADY if the handle has one that does not yield,
   UV_EINVAL if it is closing. */
int avow__reading_begin(avow__context_t *c, avow__reading_t *reading,
                        const uv_handle_t *handle);

/* avow__reading_begin(), and listens. */
int avow__reading_listen(avow__context_t *c, avow__reading_t *reading,
                         uv_stream_t *server, int backlog, uv_connection_cb cb);

/* What is known by key, a handle or the self of a stream of another class,
   closes or goes: tells whoever reads from it, or writes to it what comes from
   another. Each of them is in its table until it hears of that, and no longer:
   another may have the address next. */
void avow__reading_close(avow__context_t *c, const void *key);

/* Nothing more is written to what is known by key, and nobody can tell any more
   whether it would be taken: tells who waits for its peer to go. */
void avow__reading_shut(avow__context_t *c, const void *key);

#endif
