/* SPDX-License-Identifier: MIT */
/*
 * Reading in pieces. Bytes move from the buffer into a value only when the
 * whole piece has arrived, and space is made before anything is read into it.
 * So neither cancellation nor lack of memory loses data that has arrived. The
 * memory of a large piece is released when little or no data remains after it.
 */
#include "avow/stream.h"

#include <string.h>

#include "avow/cancel.h"
#include "base/alloc.h"
#include "base/container.h"
#include "engine/cancel.h"
#include "tools/tool.h"
#include "uv/idle_timeout.h"
#include "uv/op.h"
#include "uv/stream.h"

enum { CHUNK = 16384, CHUNK_MAX = 1 << 20 };

typedef enum { NEXT, EXACTLY, UNTIL, LINE, ALL } reader_kind_t;

/* A piece that was requested. */
typedef struct {
  reader_kind_t kind;
  size_t size;            /* size of the piece: limit or exact size */
  avow_value_t delimiter; /* BYTES, or none */
} reader_request_t;

typedef struct {
  avow_stream_t stream;
  avow__reading_t reading; /* registered while a promise is pending */
  avow__context_t *context;
  avow_promise_t *pending; /* that promise, not counted */
  char *data;
  size_t at;      /* offset in `data` of the next byte */
  size_t used;    /* bytes from there on */
  size_t room;    /* size of `data` */
  size_t scanned; /* used bytes where no delimiter begins */
  size_t asked;   /* limit of the last read of the stream */
  bool ended;     /* no more data will arrive */
  int broken;     /* error of the stream; repeated to later requests */
  bool busy;      /* a promise is pending */
  reader_request_t request;
  uint64_t idle;              /* limit in ms without data; 0: none */
  avow__progress_t *progress; /* of the pending read; NULL without a limit */
} reader_t;

static void reader_destroy(void *self) {
  avow_free(((reader_t *) self)->data);
}

static const avow_class_t reader_class = { .name = "reader",
                                           .destroy = reader_destroy };

avow_reader_t *avow_reader_new(avow_stream_t stream) {
  if (stream.klass == NULL)
    return (avow_reader_t *) avow__refuse_null("stream");
  void *self;
  avow_reader_t *r = avow__tool_new(avow__stream_loop(stream), &reader_class,
                                    sizeof(reader_t), &self);
  if (self != NULL)
    ((reader_t *) self)->stream = stream;
  return r;
}

void avow_reader_unref(avow_reader_t *r) {
  avow__tool_unref(r, &reader_class);
}

void avow_reader_set_idle(avow_reader_t *r, uint64_t ms) {
  reader_t *reader = avow__tool_self(r, &reader_class);
  if (r == NULL)
    avow__misuse_of_null("reader");
  if (reader != NULL) /* NULL if there was no memory */
    reader->idle = ms;
}

/* The result of a request, once it is known. */
typedef struct {
  int err;     /* UV_EMSGSIZE; UV_EOF: only `len` bytes are left */
  bool at_end; /* no bytes are left */
  size_t len;
  size_t more; /* bytes to drop after the piece */
} match_t;

/* Where the delimiter begins; SIZE_MAX if it has not arrived. */
static size_t reader_find(reader_t *reader, const char *delimiter, size_t len) {
  const char *data = reader->data + reader->at;
  size_t i = reader->scanned;
  while (i + len <= reader->used) {
    const size_t places = reader->used - len - i + 1;
    const char *hit = memchr(data + i, delimiter[0], places);
    if (hit == NULL) {
      i += places;
      break;
    }
    i = (size_t) (hit - data);
    if (memcmp(hit, delimiter, len) == 0)
      return i;
    i++;
  }
  reader->scanned = i;
  return SIZE_MAX;
}

static bool measure_until(reader_t *reader, match_t *out) {
  const char *delimiter = avow_to_bytes(&reader->request.delimiter, &out->more);
  out->len = reader_find(reader, delimiter, out->more);
  if (out->len == SIZE_MAX && reader->scanned <= reader->request.size)
    return false;
  if (out->len > reader->request.size)
    out->err = UV_EMSGSIZE;
  return true;
}

/* One byte more than the limit may be the '\r' of the line's end. */
static bool line_may_fit(const reader_t *reader, const char *data) {
  const size_t max_bytes = reader->request.size;
  if (reader->scanned <= max_bytes)
    return true;
  return reader->scanned - max_bytes == 1 && data[max_bytes] == '\r';
}

static bool measure_line(reader_t *reader, match_t *out) {
  const char *data = reader->data + reader->at;
  const size_t max_bytes = reader->request.size;
  out->more = 1;
  out->len = reader_find(reader, "\n", 1);
  if (out->len == SIZE_MAX) {
    if (line_may_fit(reader, data) && !reader->ended)
      return false;
    out->len = reader->used;
    out->more = 0;
  } else if (out->len > 0 && data[out->len - 1] == '\r') {
    out->len--;
    out->more++;
  }
  if (out->len > max_bytes)
    out->err = UV_EMSGSIZE;
  return true;
}

static bool measure_size(const reader_t *reader, match_t *out) {
  const size_t size = reader->request.size;
  out->len = reader->used < size ? reader->used : size;
  return out->len == size || (reader->request.kind == NEXT && out->len > 0);
}

static bool measure_all(const reader_t *reader, match_t *out) {
  out->len = reader->used;
  if (out->len > reader->request.size)
    out->err = UV_EMSGSIZE;
  return reader->ended || out->err != 0;
}

static bool measure_wish(reader_t *reader, match_t *out) {
  if (reader->request.kind == ALL)
    return measure_all(reader, out);
  if (reader->request.kind == NEXT || reader->request.kind == EXACTLY)
    return measure_size(reader, out);
  if (reader->used == 0)
    return false;
  return reader->request.kind == UNTIL ? measure_until(reader, out)
                                       : measure_line(reader, out);
}

/* Finds the requested piece; false if more data must arrive first. */
static bool measure(reader_t *reader, match_t *out) {
  *out = (match_t){ 0 };
  if (measure_wish(reader, out))
    return true;
  *out = (match_t){ .err = reader->used > 0 ? UV_EOF : 0,
                    .at_end = reader->used == 0,
                    .len = reader->used };
  return reader->ended;
}

static void forget_room(reader_t *reader) {
  avow_free(reader->data);
  reader->data = NULL;
  reader->at = reader->room = 0;
}

/* If out of memory, the bytes stay in the buffer. */
static avow_value_t take_bytes(reader_t *reader, const match_t *piece) {
  const char *from = piece->len > 0 ? reader->data + reader->at : NULL;
  const avow_value_t v = avow_bytes(from, piece->len);
  if (avow_is_error(&v))
    return v;
  reader->at += piece->len + piece->more;
  reader->used -= piece->len + piece->more;
  reader->scanned = 0;
  if (reader->used == 0 && reader->room > CHUNK)
    forget_room(reader);
  return v;
}

static avow_value_t reader_take(reader_t *reader, const match_t *piece) {
  if (piece->at_end)
    return avow_none();
  if (piece->err == UV_EMSGSIZE)
    return avow_error_new(UV_EMSGSIZE, avow_none(), "read: more than %zu bytes",
                          reader->request.size);
  const avow_value_t v = take_bytes(reader, piece);
  if (piece->err == 0 || avow_is_error(&v))
    return v;
  return avow_error_new(UV_EOF, v, "read: end of file after %zu bytes",
                        piece->len);
}

static size_t next_chunk(const reader_t *reader) {
  const size_t size = reader->request.size;
  if (reader->request.kind != EXACTLY || size - reader->used < CHUNK)
    return CHUNK;
  const size_t missing = size - reader->used;
  return missing < CHUNK_MAX ? missing : CHUNK_MAX;
}

static bool reader_resize(reader_t *reader, size_t room) {
  char *data = avow_realloc(reader->data, room);
  if (data == NULL)
    return false;
  reader->data = data;
  reader->room = room;
  return true;
}

/* Makes space for a chunk after the used bytes, and not much more; false if out
   of memory. */
static bool reader_make_room(reader_t *reader, size_t chunk) {
  if (reader->at > 0 && reader->used > 0)
    memmove(reader->data, reader->data + reader->at, reader->used);
  reader->at = 0;
  const size_t least = avow__plus(reader->used, chunk);
  if (least < reader->room / 4)
    (void) reader_resize(reader, 2 * least); /* else the old block is used */
  if (chunk <= reader->room - reader->used)
    return true;
  const size_t twice = avow__times(reader->room, 2);
  return reader_resize(reader, twice > least ? twice : least);
}

static char *reader_free_room(const reader_t *reader) {
  return reader->data + reader->at + reader->used;
}

/* Called with `n` more bytes. Returns INT, which ends the avow_repeat(), when
   the result of the request is known, or else NONE. */
static avow_value_t reader_arrive(reader_t *reader, size_t n) {
  match_t piece;
  reader->ended = n == 0;
  reader->used += n;
  if (reader->progress != NULL)
    avow__progress_note(reader->progress, 0);
  return measure(reader, &piece) ? avow_int(1) : avow_none();
}

static avow_value_t arrived_cb(const avow_value_t *n, void *data) {
  return reader_arrive(data, (size_t) n->u.i);
}

/* The system reports a broken connection only once, and then an end. Errors
   from which the stream may recover are not stored. */
static avow_value_t failed_cb(const avow_value_t *error, void *data) {
  const int code = avow_error_code(error);
  if (code != UV_ECANCELED && code != UV_ENOMEM && code != UV_EALREADY &&
      code != UV_ENOTCONN)
    ((reader_t *) data)->broken = code;
  return avow_value_ref(error);
}

static avow_value_t chunk_cb(const avow_value_t *chunk, void *data) {
  reader_t *reader = data;
  const int err = avow__read_check(chunk, reader->asked);
  if (err != 0)
    return avow__error_of(err, "read", NULL);
  size_t len = 0;
  if (chunk->tag == AVOW_BYTES) {
    const char *bytes = avow_to_bytes(chunk, &len);
    memcpy(reader_free_room(reader), bytes, len);
  }
  return reader_arrive(reader, len);
}

/* Reads a stream of libuv directly into the buffer. */
static avow_promise_t *read_chunk(reader_t *reader) {
  if (!avow__is_uv(reader->stream))
    return avow_then(avow_read(reader->stream, reader->asked), chunk_cb, NULL,
                     reader);
  avow_promise_t *p = avow_read_into(reader->stream, reader_free_room(reader),
                                     1, reader->asked);
  return avow_then(p, arrived_cb, failed_cb, reader);
}

static avow_value_t step_fn(void *data) {
  reader_t *reader = data;
  if (reader->broken != 0)
    return avow__error_of(reader->broken, "read", NULL);
  reader->asked = next_chunk(reader);
  if (!reader_make_room(reader, reader->asked))
    return avow_error(UV_ENOMEM);
  reader->reading.asks = true;
  avow_promise_t *p = read_chunk(reader);
  reader->reading.asks = false;
  return avow_follow(p);
}

static avow_value_t take_cb(const avow_value_t *arg, void *data) {
  reader_t *reader = data;
  match_t piece;
  (void) measure(reader, &piece); /* true, because the repeat has ended */
  return reader_take(reader, &piece);
}

static void forget_wish(reader_t *reader) {
  const avow_value_t delimiter = reader->request.delimiter;
  reader->request.delimiter = avow_none();
  avow__value_unref(delimiter);
}

static void reader_finish(void *r) {
  reader_t *reader = avow__tool_self(r, &reader_class);
  assert(reader != NULL); /* a refused reader never waits */
  avow__stream_leave(&reader->reading, reader->context, AVOW__PULLED);
  reader->busy = false;
  reader->progress = NULL;
  forget_wish(reader);
  avow_reader_unref(r);
}

static avow_promise_t *reader_fill(uv_loop_t *loop, reader_t *reader) {
  if (reader->idle == 0)
    return avow_repeat(loop, step_fn, reader);
  reader->progress = avow__progress_new(loop, "read", reader->idle);
  return reader->progress != NULL
             ? avow__progress_watch(reader->progress,
                                    avow_repeat(loop, step_fn, reader))
             : avow__refuse(loop, UV_ENOMEM, "read", NULL);
}

/* The stream closes or is freed, possibly between two reads. */
static void reader_on_close(avow__reading_t *reading) {
  const reader_t *reader = AVOW__CONTAINER(reader_t, reading, reading);
  avow__stream_leave(reading, reader->context, AVOW__PULLED);
  avow__cancel(reader->pending);
}

static avow_promise_t *reader_wait_for(avow_reader_t *r, reader_t *reader) {
  reader->busy = true;
  reader->context = avow__context_of(avow__tool_loop(r));
  avow_promise_t *p = reader_fill(avow__tool_loop(r), reader);
  p = avow_then(p, take_cb, NULL, reader);
  return reader->pending = avow_attach(p, r, reader_finish);
}

static avow_promise_t *reader_refuse(const avow_reader_t *r,
                                     reader_request_t request, int err) {
  avow__check_tool(r, &reader_class);
  avow__value_unref(request.delimiter);
  return avow__refuse(avow__tool_loop(r), err, "read", NULL);
}

/* Starts reading, because more data must arrive. No other reader may read until
   then. */
static avow_promise_t *reader_begin(const avow_reader_t *r, reader_t *reader) {
  const int err = avow__stream_enter(&reader->reading, AVOW__PULLED,
                                     reader->stream, reader_on_close);
  if (err == 0)
    return reader_wait_for(avow__tool_ref(r, "reader"), reader);
  const reader_request_t request = reader->request;
  reader->request.delimiter = avow_none();
  return reader_refuse(r, request, err);
}

/* The answer of a reader whose loop is closed or that could not be made; else
   NULL. */
static avow_promise_t *reader_lost(const avow_reader_t *r,
                                   const reader_t *reader) {
  return reader == NULL ? avow__tool_ref(r, "reader") : avow__refuse_closed(r);
}

static avow_promise_t *reader_ask(const avow_reader_t *r,
                                  reader_request_t request) {
  reader_t *reader = avow__tool_self(r, &reader_class);
  avow_promise_t *lost = reader_lost(r, reader);
  if (lost != NULL) {
    avow__value_unref(request.delimiter);
    return lost;
  }
  match_t piece;
  if (reader->busy)
    return reader_refuse(r, request, UV_EALREADY);
  reader->request = request;
  reader->scanned = 0;
  if (!measure(reader, &piece))
    return reader_begin(r, reader);
  const avow_value_t v = reader_take(reader, &piece);
  forget_wish(reader);
  return avow_promise_resolve(avow__tool_loop(r), v);
}

avow_promise_t *avow_reader_next(const avow_reader_t *r, size_t max_bytes) {
  avow__check_given(r, "reader");
  const reader_request_t request = { .kind = NEXT, .size = max_bytes };
  return max_bytes > 0 ? reader_ask(r, request)
                       : reader_refuse(r, request, UV_EINVAL);
}

avow_promise_t *avow_reader_exactly(const avow_reader_t *r, size_t n) {
  avow__check_given(r, "reader");
  return reader_ask(r, (reader_request_t){ .kind = EXACTLY, .size = n });
}

avow_promise_t *avow_reader_until(const avow_reader_t *r,
                                  avow_value_t delimiter, size_t max_bytes) {
  avow__check_given(r, "reader");
  const reader_request_t request = { .kind = UNTIL,
                                     .size = max_bytes,
                                     .delimiter = delimiter };
  size_t len = 0;
  if (avow_is_error(&delimiter))
    return reader_refuse(r, request, delimiter.code);
  if (delimiter.tag == AVOW_BYTES)
    (void) avow_to_bytes(&delimiter, &len);
  return len > 0 ? reader_ask(r, request)
                 : reader_refuse(r, request, UV_EINVAL);
}

avow_promise_t *avow_reader_line(const avow_reader_t *r, size_t max_bytes) {
  avow__check_given(r, "reader");
  return reader_ask(r, (reader_request_t){ .kind = LINE, .size = max_bytes });
}

avow_promise_t *avow_reader_all(const avow_reader_t *r, size_t max_bytes) {
  avow__check_given(r, "reader");
  return reader_ask(r, (reader_request_t){ .kind = ALL, .size = max_bytes });
}
