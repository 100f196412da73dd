/*
 * Reading from a stream. A reader whose promise settled stays until the
 * handlers which that woke have run: if they read again, nothing was stopped
 * and started for it.
 */
#include "net/stream.h"

#include "avow/cancel.h"
#include "avow/stream.h"
#include "base/alloc.h"
#include "io/op.h"
#include "value/buffer.h"

enum { FIRST_ROOM = 4096, CHUNK_MAX = 1024 * 1024 };

typedef struct {
  avow__reading_t reading;
  avow__context_t *context;
  uv_stream_t *stream;
  avow_deferred_t *deferred; /* NULL: nobody reads at the moment */
  avow__buffer_t buffer;
  size_t max_bytes; /* of what is to be read */
  bool all;         /* to the end */
  bool busy;        /* inside its callback */
  bool replaced;    /* there, by another that reads */
} reader_t;

static reader_t *stream_find(const uv_handle_t *handle) {
  return (
      reader_t *) avow__table_find(avow__table_of(handle->loop, AVOW__READERS),
                                   handle);
}

static void stream_stop(reader_t *reader) {
  avow__table_remove(&reader->context->tables[AVOW__READERS],
                     &reader->reading.node);
  (void) uv_read_stop(reader->stream); /* always 0 */
}

static void reader_free(reader_t *reader) {
  avow__buffer_clear(&reader->buffer);
  avow__free(reader);
}

static void stop_and_free(reader_t *reader) {
  stream_stop(reader);
  reader_free(reader);
}

/* The promise is settled or about to be. */
static avow_deferred_t *stream_detach(reader_t *reader) {
  avow_deferred_t *d = reader->deferred;
  reader->deferred = NULL;
  return d;
}

static void stream_settle(reader_t *reader, avow_value_t v) {
  (void) avow_resolve(stream_detach(reader), v); /* it is pending */
}

static void stream_cancel(void *data) {
  reader_t *reader = data;
  avow_deferred_drop(stream_detach(reader));
  if (!reader->busy)
    stop_and_free(reader);
}

static void stream_on_close(avow__reading_t *reading) {
  const reader_t *reader = (reader_t *) reading;
  if (reader->deferred != NULL)
    avow__cancel((avow_promise_t *) reader->deferred);
}

/* It is there without reading only inside its callback. */
static bool yield(avow__reading_t *reading) {
  reader_t *reader = (reader_t *) reading;
  if (reader->deferred != NULL)
    return false;
  stream_stop(reader);
  reader->replaced = true;
  return true;
}

/* One byte more than max_bytes shows that there is more. */
static size_t stream_most(const reader_t *reader) {
  return reader->all ? avow__plus(reader->max_bytes, 1) : reader->max_bytes;
}

static size_t stream_next_room(const reader_t *reader) {
  if (!reader->all)
    return reader->max_bytes < CHUNK_MAX ? reader->max_bytes : CHUNK_MAX;
  const size_t old = avow__buffer_room(&reader->buffer);
  const size_t room = old < FIRST_ROOM ? FIRST_ROOM : avow__times(old, 2);
  return room < stream_most(reader) ? room : stream_most(reader);
}

static void stream_on_alloc(uv_handle_t *handle, size_t suggested,
                            uv_buf_t *buf) {
  reader_t *reader = stream_find(handle);
  *buf = avow__buffer_offer(&reader->buffer, stream_next_room(reader));
}

static avow_value_t too_long(const reader_t *reader) {
  return avow_error_new(UV_EMSGSIZE, avow_none(), "read: more than %zu bytes",
                        reader->max_bytes);
}

static void arrived(reader_t *reader, size_t n) {
  reader->buffer.used += n;
  if (!reader->all)
    stream_settle(reader, avow__buffer_take(&reader->buffer));
  else if (reader->buffer.used > reader->max_bytes) {
    avow__buffer_clear(&reader->buffer);
    stream_settle(reader, too_long(reader));
  }
}

static avow_value_t ending(reader_t *reader, int err) {
  if (err != UV_EOF)
    return avow__error_of(avow__buffer_error(err), "read", NULL);
  return reader->all ? avow__buffer_take(&reader->buffer) : avow_none();
}

/* libuv has stopped: a handler that reads again has to start anew. */
static void ended(avow__context_t *c, reader_t *reader, int err) {
  const avow_value_t v = ending(reader, err);
  avow_deferred_t *d = stream_detach(reader);
  stop_and_free(reader);
  avow__enter(c);
  (void) avow_resolve(d, v); /* it is pending */
  avow__leave(c);
}

static void stream_on_read(uv_stream_t *stream, ssize_t nread,
                           const uv_buf_t *buf) {
  reader_t *reader = stream_find((uv_handle_t *) stream);
  avow__context_t *c = reader->context;
  if (nread == 0) /* nothing there after all; the buffer serves next time */
    return;
  if (nread < 0) {
    ended(c, reader, (int) nread);
    return;
  }
  avow__enter(c);
  reader->busy = true;
  arrived(reader, (size_t) nread);
  avow__leave(c);
  reader->busy = false;
  if (reader->replaced)
    reader_free(reader);
  else if (reader->deferred == NULL)
    stop_and_free(reader);
}

/* Finds the reading whose handlers read again, or NULL. */
static reader_t *idle(avow__context_t *c, const uv_stream_t *stream) {
  avow__node_t *node = avow__table_find(&c->tables[AVOW__READERS], stream);
  reader_t *reader = (reader_t *) node;
  if (node == NULL || reader->reading.yield != yield ||
      reader->deferred != NULL || uv_is_closing((const uv_handle_t *) stream))
    return NULL;
  return reader;
}

static int stream_begin(avow__context_t *c, reader_t *reader,
                        uv_stream_t *stream) {
  reader->reading.on_close = stream_on_close;
  reader->reading.yield = yield;
  reader->context = c;
  reader->stream = stream;
  int err = avow__reading_begin(c, &reader->reading, (uv_handle_t *) stream);
  if (err != 0)
    return err;
  err = uv_read_start(stream, stream_on_alloc, stream_on_read);
  if (err != 0) /* what reads there, if anything, is the program's */
    avow__table_remove(&c->tables[AVOW__READERS], &reader->reading.node);
  return err;
}

/* libuv calls back for each chunk from now on; 0 if it does already. */
static int stream_start(avow__context_t *c, uv_stream_t *stream,
                        reader_t **out) {
  *out = idle(c, stream);
  if (*out != NULL)
    return 0;
  reader_t *reader = avow__calloc(1, sizeof(*reader));
  if (reader == NULL)
    return UV_ENOMEM;
  const int err = stream_begin(c, reader, stream);
  if (err != 0) {
    avow__free(reader);
    return err;
  }
  *out = reader;
  return 0;
}

static avow_promise_t *read_with(uv_stream_t *stream, size_t max_bytes,
                                 bool all) {
  if (stream == NULL)
    return avow__nothing("a stream");
  avow__context_t *c = avow__context_of(stream->loop);
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(stream->loop, &d);
  reader_t *reader;
  int err = UV_ENOMEM;
  if (avow_state(p) == AVOW_PENDING)
    err = max_bytes > 0 || all ? stream_start(c, stream, &reader) : UV_EINVAL;
  if (err != 0) {
    (void) avow_reject(d, avow__error_of(err, "read", NULL)); /* or it is */
    return p;
  }
  reader->deferred = d;
  reader->max_bytes = max_bytes;
  reader->all = all;
  avow_on_cancel(d, stream_cancel, reader);
  return p;
}

avow_promise_t *avow_read(uv_stream_t *stream, size_t max_bytes) {
  return read_with(stream, max_bytes, false);
}

avow_promise_t *avow_read_all(uv_stream_t *stream, size_t max_bytes) {
  return read_with(stream, max_bytes < SIZE_MAX - 1 ? max_bytes : SIZE_MAX - 1,
                   true);
}
