/*
 * Who reads from a handle. The callbacks of libuv get nothing but the handle,
 * whose data is not ours: so what reads is found by its handle. There is one at
 * a time; it hears of it when the handle closes.
 */
#include "net/reading.h"

int avow__reading_begin(avow__context_t *c, avow__reading_t *reading,
                        const uv_handle_t *handle) {
  avow__reading_t *other =
      (avow__reading_t *) avow__table_find(&c->tables[AVOW__READERS], handle);
  if (uv_is_closing(handle))
    return UV_EINVAL;
  if (other != NULL && (other->yield == NULL || !other->yield(other)))
    return UV_EALREADY;
  reading->node.key = handle;
  avow__table_add(&c->tables[AVOW__READERS], &reading->node);
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
    avow__table_remove(&c->tables[AVOW__READERS], &reading->node);
  return err;
}

static void reading_tell(avow__context_t *c, int table, const void *key) {
  avow__reading_t *reading =
      (avow__reading_t *) avow__table_find(&c->tables[table], key);
  if (reading != NULL)
    reading->on_close(reading);
}

void avow__reading_close(avow__context_t *c, const void *key) {
  reading_tell(c, AVOW__READERS, key);
  reading_tell(c, AVOW__PULLED, key);
  reading_tell(c, AVOW__SINKS, key);
  reading_tell(c, AVOW__WATCHED, key);
}
