/* SPDX-License-Identifier: MIT */
/*
 * The reader of a handle. The callbacks of libuv get only the handle, whose
 * `data` belongs to the program. So the reader is found by its handle. There is
 * at most one, and it is told when the handle closes.
 */
#include "uv/stream_lock.h"

static void reading_tell(avow__context_t *c, int table, const void *key) {
  avow__reading_t *reading = (avow__reading_t *) avow__net_find(c, table, key);
  if (reading != NULL)
    reading->on_close(reading);
}

/* Any number of pumps may drain to one sink. */
static void reading_tell_all(avow__context_t *c, int table, const void *key) {
  while (avow__net_find(c, table, key) != NULL)
    reading_tell(c, table, key);
}

void avow__reading_close(avow__context_t *c, const void *key) {
  reading_tell(c, AVOW__READERS, key);
  reading_tell(c, AVOW__PULLED, key);
  reading_tell(c, AVOW__SINKS, key);
  reading_tell_all(c, AVOW__DRAINING, key);
  reading_tell(c, AVOW__WATCHED, key);
}

void avow__reading_shut(avow__context_t *c, const void *key) {
  reading_tell(c, AVOW__WATCHED, key);
}

bool avow__reading_is_pulled(const avow__context_t *c, const void *key) {
  const avow__net_t *net = avow__net_of(c);
  const avow__reading_t *reading =
      net != NULL && net->tables[AVOW__PULLED].count > 0
          ? (const avow__reading_t *) avow__net_find(c, AVOW__PULLED, key)
          : NULL;
  return reading != NULL && !reading->asks;
}

int avow__reading_begin(avow__context_t *c, avow__reading_t *reading,
                        const uv_handle_t *handle) {
  if (uv_is_closing(handle)) {
    avow__reading_close(c, handle); /* no other call has told the reader */
    return UV_EINVAL;
  }
  if (avow__net_open(c) == NULL)
    return UV_ENOMEM;
  avow__reading_t *other =
      (avow__reading_t *) avow__net_find(c, AVOW__READERS, handle);
  if (avow__reading_is_pulled(c, handle) ||
      (other != NULL && (other->yield == NULL || !other->yield(other))))
    return UV_EALREADY;
  reading->node.key = handle;
  avow__net_add(c, AVOW__READERS, &reading->node);
  return 0;
}

int avow__reading_listen(avow__context_t *c, avow__reading_t *reading,
                         uv_stream_t *server, int backlog,
                         uv_connection_cb cb) {
  int err = avow__reading_begin(c, reading, (uv_handle_t *) server);
  if (err != 0)
    return err;
  err = uv_listen(server, backlog, cb);
  if (err != 0)
    avow__net_remove(c, AVOW__READERS, &reading->node);
  return err;
}
