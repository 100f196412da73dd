/* SPDX-License-Identifier: MIT */
/*
 * Reading from a stream. An intake is the state of one read. When the promise
 * of the read settles, the intake remains until the handlers of that promise
 * have run. If they read again, they use this intake, and libuv need not stop
 * and start.
 *
 * If they do not, the intake is freed. libuv continues to watch the stream,
 * because the next read may come soon: stopping and starting costs three system
 * calls. If data arrives while no read is pending, avow leaves the data in the
 * socket and calls uv_read_stop(). avow also stops watching when nothing else
 * keeps the loop alive. No state is kept for a watched stream, because the
 * program may close and free it. Its read_cb shows whether it is watched for
 * avow, and uv_walk() finds all watched streams.
 *
 * A stream that was stopped because data arrived still has that data, and the
 * next read takes it without libuv. If the peer sends without a pause, each
 * later read works in this way, too. The loop stores only the number of streams
 * that were stopped in this way. A read that finds no data decrements that
 * number. So the number of reads that try in vain is at most the number of
 * streams that were stopped.
 */
#include "uv/read.h"

#include <string.h>

#include "avow/cancel.h"
#include "avow/stream.h"
#include "base/alloc.h"
#include "base/container.h"
#include "engine/cancel.h"
#include "engine/timer.h"
#include "uv/class_read.h"
#include "uv/eof_error.h"
#include "uv/op.h"
#include "uv/read_buffer.h"
#include "uv/stream.h"
#include "uv/stream_lock.h"
#include "uv/try_read.h"

enum { FIRST_ROOM = 4096 };

/* A read that was requested. */
typedef struct {
  enum { SOME, WHOLE, INTO } kind;
  size_t max_bytes;
  size_t min; /* INTO: bytes needed; SOME: 1 */
  char *into; /* buffer of the program */
} read_request_t;

typedef struct {
  avow__reading_t reading;
  avow__link_t link; /* in the loop's list of pending reads */
  avow__context_t *context;
  uv_stream_t *stream;
  avow_deferred_t *deferred; /* NULL: no read is pending */
  read_request_t request;
  size_t done;           /* INTO: bytes read so far */
  avow__buffer_t buffer; /* for WHOLE, and for all reads of a terminal */
  bool busy;             /* inside its callback */
  bool replaced;         /* another read began in its callback */
} intake_t;

static intake_t *stream_find(const uv_handle_t *handle) {
  return (intake_t *) avow__net_find(avow__context_of(handle->loop),
                                     AVOW__READERS, handle);
}

static void intake_leave(intake_t *intake) {
  avow__net_remove(intake->context, AVOW__READERS, &intake->reading.node);
}

static void stream_stop(intake_t *intake) {
  intake_leave(intake);
  avow__stream_quiet(intake->stream);
}

static void intake_free(intake_t *intake) {
  avow__buffer_clear(&intake->buffer);
  avow_free(intake);
}

static void stop_and_free(intake_t *intake) {
  stream_stop(intake);
  intake_free(intake);
}

/* Takes the deferred of a promise that is or will be settled. */
static avow_deferred_t *stream_detach(intake_t *intake) {
  avow_deferred_t *d = intake->deferred;
  intake->deferred = NULL;
  avow__list_remove(&avow__net_of(intake->context)->reads, &intake->link);
  return d;
}

static void stream_settle(intake_t *intake, avow_value_t v) {
  (void) avow_resolve(stream_detach(intake), v); /* it is pending */
}

static void stream_cancel(void *data) {
  intake_t *intake = data;
  avow_deferred_drop(stream_detach(intake));
  if (!intake->busy)
    stop_and_free(intake);
}

static void stream_on_close(avow__reading_t *reading) {
  const intake_t *intake = (intake_t *) reading;
  if (intake->deferred != NULL)
    avow__cancel((avow_promise_t *) intake->deferred);
}

/* An intake without a pending read exists only inside its callback. */
static bool yield(avow__reading_t *reading) {
  intake_t *intake = (intake_t *) reading;
  if (intake->deferred != NULL)
    return false;
  stream_stop(intake);
  intake->replaced = true;
  return true;
}

/* One byte more than `max_bytes` shows that there is more data. */
static size_t stream_next_room(const intake_t *intake) {
  const size_t most = avow__plus(intake->request.max_bytes, 1);
  const size_t old = avow__buffer_room(&intake->buffer);
  const size_t room = old < FIRST_ROOM ? FIRST_ROOM : avow__times(old, 2);
  return room < most ? room : most;
}

/* The memory that libuv may fill. A terminal may fill it after the read was
   canceled. */
static uv_buf_t stream_room(intake_t *intake) {
  const read_request_t *request = &intake->request;
  const size_t left = request->max_bytes - intake->done;
  if (request->kind == WHOLE)
    return avow__buffer_offer(&intake->buffer, stream_next_room(intake));
  if (request->kind == INTO && intake->stream->type != UV_TTY)
    return uv_buf_init(request->into + intake->done,
                       left < INT_MAX ? (unsigned) left : INT_MAX);
  return avow__room_offer(avow__room_of(intake->context, intake->stream,
                                        &intake->buffer),
                          left);
}

/* Whether no read is pending. libuv then reads no data and reports UV_ENOBUFS.
 */
static bool intake_is_idle(const intake_t *intake) {
  return intake == NULL || intake->deferred == NULL;
}

static void stream_on_alloc(uv_handle_t *handle, size_t suggested,
                            uv_buf_t *buf) {
  intake_t *intake = stream_find(handle);
  *buf = intake_is_idle(intake) ? uv_buf_init(NULL, 0) : stream_room(intake);
}

static avow_value_t too_long(const intake_t *intake) {
  return avow_error_new(UV_EMSGSIZE, avow_none(), "read: more than %zu bytes",
                        intake->request.max_bytes);
}

static void arrived_of_all(intake_t *intake, size_t n) {
  intake->buffer.used += n;
  if (intake->buffer.used <= intake->request.max_bytes)
    return;
  avow__buffer_clear(&intake->buffer);
  stream_settle(intake, too_long(intake));
}

static void arrived_in(intake_t *intake, size_t n) {
  if (intake->stream->type == UV_TTY)
    memcpy(intake->request.into + intake->done, intake->buffer.bytes->data, n);
  intake->done += n;
  if (intake->done >= intake->request.min)
    stream_settle(intake, avow_int((int64_t) intake->done));
}

static void arrived(intake_t *intake, size_t n) {
  avow__buffer_t *room =
      avow__room_of(intake->context, intake->stream, &intake->buffer);
  if (intake->request.kind == WHOLE)
    arrived_of_all(intake, n);
  else if (intake->request.kind == INTO)
    arrived_in(intake, n);
  else
    stream_settle(intake, avow__room_take(room, n));
}

static avow_value_t ending(intake_t *intake, int err) {
  if (err != UV_EOF)
    return avow__error_of(avow__buffer_error(err), "read", NULL);
  if (intake->request.kind == INTO)
    return avow_int((int64_t) intake->done);
  return intake->request.kind == WHOLE ? avow__buffer_take(&intake->buffer)
                                       : avow_none();
}

/* libuv has stopped, so a handler that reads again must start anew. */
static void ended(avow__context_t *c, intake_t *intake, int err) {
  const avow_value_t v = ending(intake, err);
  avow_deferred_t *d = stream_detach(intake);
  stop_and_free(intake);
  avow__enter(c);
  (void) avow_resolve(d, v); /* it is pending */
  avow__leave(c);
}

static void stream_on_read(uv_stream_t *stream, ssize_t nread,
                           const uv_buf_t *buf);

void avow__stream_quiet(uv_stream_t *stream) {
  if (stream->read_cb == stream_on_read)
    (void) uv_read_stop(stream); /* always 0 */
}

static bool is_stream(const uv_handle_t *handle) {
  return handle->type == UV_TCP || handle->type == UV_NAMED_PIPE ||
         handle->type == UV_TTY;
}

static void quiet_if_idle(uv_handle_t *handle, void *context) {
  if (!is_stream(handle) || uv_is_closing(handle))
    return;
  uv_stream_t *stream = (uv_stream_t *) handle;
  if (stream->read_cb == stream_on_read && intake_is_idle(stream_find(handle)))
    (void) uv_read_stop(stream); /* always 0 */
}

static void streams_quiet(avow__context_t *c) {
  avow__net_of(c)->quiet = NULL;
  c->before_poll = NULL;
  uv_walk(c->loop, quiet_if_idle, NULL);
}

/* Whether a request, a sleep or a read keeps the loop alive. The handle of a
   pending read is still in memory, because the program must keep it. */
static bool goes_on(const avow__context_t *c) {
  if (c->requests + c->handle_requests > 0 || avow__sleeps_are_pending(c))
    return true;
  avow__link_t *first = avow__net_of(c)->reads;
  if (first == NULL)
    return false;
  const intake_t *read = AVOW__CONTAINER(intake_t, link, first);
  return uv_has_ref((const uv_handle_t *) read->stream);
}

/* Called before the loop polls for events. */
static void streams_rest(avow__context_t *c) {
  if (!goes_on(c))
    streams_quiet(c);
}

/* Frees the intake. libuv continues to watch the stream. */
static void intake_rest(intake_t *intake) {
  avow__net_of(intake->context)->quiet = streams_quiet;
  intake->context->before_poll = streams_rest;
  intake_leave(intake);
  intake_free(intake);
}

static void stream_on_read(uv_stream_t *stream, ssize_t nread,
                           const uv_buf_t *buf) {
  intake_t *intake = stream_find((uv_handle_t *) stream);
  if (intake_is_idle(intake)) {
    (void) uv_read_stop(stream); /* always 0 */
    avow__net_of(avow__context_of(stream->loop))->stopped_with_data++;
    return;
  }
  avow__context_t *c = intake->context;
  if (nread == 0) /* no data; the buffer is used next time */
    return;
  if (nread < 0) {
    const int err = avow__how_ended(stream, (int) nread, buf);
    if (err != 0)
      ended(c, intake, err);
    return;
  }
  avow__enter(c);
  intake->busy = true;
  arrived(intake, (size_t) nread);
  avow__leave(c);
  intake->busy = false;
  if (intake->replaced)
    intake_free(intake);
  else if (intake->deferred == NULL)
    intake_rest(intake);
}

/* Returns the intake of the stream if a handler of its last promise reads
   again. Otherwise, or if a handler made libuv stop, returns NULL. */
static intake_t *idle(avow__context_t *c, const uv_stream_t *stream) {
  avow__node_t *node = avow__net_find(c, AVOW__READERS, stream);
  intake_t *intake = (intake_t *) node;
  if (node == NULL || intake->reading.yield != yield ||
      intake->deferred != NULL || stream->read_cb != stream_on_read ||
      uv_is_closing((const uv_handle_t *) stream) ||
      avow__reading_is_pulled(c, stream))
    return NULL;
  return intake;
}

static int stream_begin(avow__context_t *c, intake_t *intake,
                        uv_stream_t *stream) {
  *intake = (intake_t){ .reading.on_close = stream_on_close,
                        .reading.yield = yield,
                        .context = c,
                        .stream = stream };
  int err = avow__reading_begin(c, &intake->reading, (uv_handle_t *) stream);
  if (err != 0)
    return err;
  const bool rests = stream->read_cb == stream_on_read;
  err = uv_read_start(stream, stream_on_alloc, stream_on_read);
  if (err == UV_EALREADY && rests)
    err = 0;
  if (err != 0) /* such as a uv_read_start() of the program */
    avow__net_remove(c, AVOW__READERS, &intake->reading.node);
  return err;
}

/* Makes libuv call back for each chunk that arrives. Returns 0 if libuv already
   does. */
static int stream_start(avow__context_t *c, uv_stream_t *stream,
                        intake_t **out) {
  *out = idle(c, stream);
  if (*out != NULL)
    return 0;
  intake_t *intake = avow_malloc(sizeof(*intake));
  if (intake == NULL)
    return UV_ENOMEM;
  const int err = stream_begin(c, intake, stream);
  if (err != 0) {
    avow_free(intake);
    return err;
  }
  *out = intake;
  return 0;
}

/* Reads data that has already arrived, without libuv. libuv watches the stream
   only if there is none. */
static void take_what_waits(avow__context_t *c, intake_t *intake) {
  const int n = avow__waiting_take(intake->stream, stream_room(intake));
  if (n > 0)
    arrived(intake, (size_t) n);
  else if (n < 0)
    stream_settle(intake, ending(intake, n));
  else
    avow__net_of(c)->stopped_with_data--;
  if (intake->deferred == NULL)
    stop_and_free(intake);
}

static avow_promise_t *read_as(uv_stream_t *stream, read_request_t request) {
  avow__check_stream(stream);
  avow__context_t *c = avow__context_of(stream->loop);
  avow_deferred_t *d;
  avow_promise_t *p = avow__promise_new(c, &d);
  intake_t *intake;
  const bool watched = stream->read_cb == stream_on_read;
  int err = UV_ENOMEM;
  if (!avow__has_settled(p))
    err = request.max_bytes < request.min ? UV_EINVAL
                                          : stream_start(c, stream, &intake);
  if (err != 0) {
    /* Returns false if it is rejected already. */
    (void) avow_reject(d, avow__error_of(err, "read", NULL));
    return p;
  }
  intake->deferred = d;
  intake->request = request;
  intake->done = 0;
  avow__list_append(&avow__net_of(c)->reads, &intake->link);
  avow_on_cancel(d, stream_cancel, intake);
  if (!watched && avow__net_of(c)->stopped_with_data > 0)
    take_what_waits(c, intake);
  return p;
}

avow_promise_t *avow_read(avow_stream_t stream, size_t max_bytes) {
  avow__check_given(stream.klass, "stream");
  const read_request_t request = { .max_bytes = max_bytes, .min = 1 };
  return avow__is_uv(stream) ? read_as(stream.self, request)
                             : avow__any_read(stream, max_bytes);
}

avow_promise_t *avow_read_all(avow_stream_t stream, size_t max_bytes) {
  avow__check_given(stream.klass, "stream");
  const read_request_t request = { .kind = WHOLE, .max_bytes = max_bytes };
  return avow__is_uv(stream) ? read_as(stream.self, request)
                             : avow__pull_all(stream, max_bytes);
}

avow_promise_t *avow_read_into(avow_stream_t stream, void *buffer, size_t min,
                               size_t max) {
  avow__check_given(stream.klass, "stream");
  const read_request_t request = { .kind = INTO,
                                   .max_bytes = min > 0 ? max : 0,
                                   .min = min > 0 ? min : 1,
                                   .into = buffer };
  if (buffer == NULL)
    return avow__refuse_null("buffer");
  return avow__is_uv(stream) ? read_as(stream.self, request)
                             : avow__pull_into(stream, buffer, min, max);
}
