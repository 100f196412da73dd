/* SPDX-License-Identifier: MIT */
/* The reader of a handle: at most one, found by the handle. */
#ifndef AVOW_STREAM_LOCK_H
#define AVOW_STREAM_LOCK_H

#include "uv/handle_table.h"

typedef struct avow__reading_s avow__reading_t;

struct avow__reading_s {
  avow__node_t node; /* keyed by handle */
  /* The handle starts to close or is closing. */
  void (*on_close)(avow__reading_t *reading);
  /* Makes way for another reader; false if it is reading. NULL: never makes
     way. */
  bool (*yield)(avow__reading_t *reading);
  bool asks; /* the read that starts belongs to this reader */
};

/* Whether a reader in several steps is active and other readers must wait. */
bool avow__reading_is_pulled(const avow__context_t *c, const void *key);

/* Registers a reader. Returns UV_EALREADY if the handle has one that does not
   yield, or UV_EINVAL if it is closing. */
int avow__reading_begin(avow__context_t *c, avow__reading_t *reading,
                        const uv_handle_t *handle);

/* Calls avow__reading_begin() and uv_listen(). */
int avow__reading_listen(avow__context_t *c, avow__reading_t *reading,
                         uv_stream_t *server, int backlog, uv_connection_cb cb);

/* Tells the users of `key` that it closes or is freed: those that read from it,
   and those that write to it from another stream. `key` is a handle, or the
   `self` of a stream of another class. Each user leaves its table when it is
   told, because another stream may get the address. */
void avow__reading_close(avow__context_t *c, const void *key);

/* Tells the user that waits for the peer of `key` to close that nothing more is
   written there. Writes can then no longer show whether the peer is there. */
void avow__reading_shut(avow__context_t *c, const void *key);

#endif
