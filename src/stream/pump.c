/* SPDX-License-Identifier: MIT */
/*
 * Moves bytes from one stream to another through one buffer. Bytes that the
 * destination does not take at once are queued. Nothing more is read until they
 * are written. A pump that has ended stays in memory until libuv has finished
 * its requests.
 */

#include "avow/pump.h"
#include "avow/cancel.h"
#include "base/alloc.h"
#include "base/container.h"
#include "base/misuse.h"
#include "base/options_check.h"
#include "engine/cancel.h"
#include "uv/class_read.h"
#include "uv/eof_error.h"
#include "uv/idle_timeout.h"
#include "uv/op.h"
#include "uv/read.h"
#include "uv/sigpipe_check.h"
#include "uv/stream.h"
#include "uv/stream_lock.h"
#include "uv/stream_value.h"

enum { PUMP_ROOM = 65536 };

typedef struct {
  avow__reading_t source; /* first, because it is found by this */
  avow__reading_t sink;
  avow__context_t *context;
  avow_deferred_t *deferred; /* NULL: the pump has ended */
  uv_stream_t *from, *to;
  int64_t moved;
  avow__progress_t *progress; /* NULL: not requested */
  size_t queued;              /* bytes of the current write */
  bool waits;                 /* for libuv to finish a request */
  union {
    uv_write_t write;
    uv_shutdown_t shutdown;
  } req;
  char buffer[PUMP_ROOM];
} pump_t;

/* Stops reading. The promise is settled, or the caller settles it. */
static avow_deferred_t *pump_end(pump_t *pump) {
  avow_deferred_t *d = pump->deferred;
  pump->deferred = NULL;
  avow__progress_leave(pump->progress);
  (void) uv_read_stop(pump->from); /* always 0 */
  avow__net_remove(pump->context, AVOW__READERS, &pump->source.node);
  avow__net_remove(pump->context, AVOW__SINKS, &pump->sink.node);
  return d;
}

/* Called between enter and leave, or in the call that starts the pump. */
static void pump_settle(pump_t *pump, avow_value_t v) {
  avow_deferred_t *d = pump_end(pump);
  if (!pump->waits)
    avow_free(pump);
  /* it is pending, because canceling ends the pump */
  (void) avow_resolve(d, v);
}

static void pump_fail(pump_t *pump, int err, const char *name) {
  pump_settle(pump, avow__error_of(err, name, NULL));
}

static void pump_cancel(void *data) {
  pump_t *pump = data;
  avow_deferred_drop(pump_end(pump));
  if (!pump->waits)
    avow_free(pump);
}

static void on_source_close(avow__reading_t *source) {
  const pump_t *pump = (pump_t *) source;
  avow__cancel((avow_promise_t *) pump->deferred);
}

static void on_sink_close(avow__reading_t *sink) {
  const pump_t *pump = AVOW__CONTAINER(pump_t, sink, sink);
  avow__cancel((avow_promise_t *) pump->deferred);
}

static void pump_on_alloc(uv_handle_t *handle, size_t suggested,
                          uv_buf_t *buf) {
  pump_t *pump = (pump_t *) avow__net_find(avow__context_of(handle->loop),
                                           AVOW__READERS, handle);
  *buf = uv_buf_init(pump->buffer, PUMP_ROOM);
}

static void pump_on_read(uv_stream_t *from, ssize_t nread, const uv_buf_t *buf);

/* Called when a request has finished. If the pump has already ended, returns
   false and frees the pump and perhaps the context. */
static bool pump_resume(pump_t *pump) {
  avow__context_t *c = pump->context;
  pump->waits = false;
  c->handle_requests--;
  if (pump->deferred != NULL)
    return true;
  avow_free(pump);
  if (c->life == AVOW__CLOSED)
    avow__context_release(c);
  return false;
}

static void pump_count(pump_t *pump, int64_t n) {
  pump->moved += n;
  if (pump->progress != NULL)
    avow__progress_note(pump->progress, pump->moved);
}

static void pump_on_write(uv_write_t *req, int status) {
  pump_t *pump = req->data;
  avow__context_t *c = pump->context;
  if (!pump_resume(pump))
    return;
  pump_count(pump, (int64_t) pump->queued);
  const int err = status < 0
                      ? status
                      : uv_read_start(pump->from, pump_on_alloc, pump_on_read);
  if (err == 0)
    return;
  avow__enter(c);
  pump_fail(pump, err, status < 0 ? "write" : "read");
  avow__leave(c);
}

static void pump_on_shutdown(uv_shutdown_t *req, int status) {
  pump_t *pump = req->data;
  avow__context_t *c = pump->context;
  const int err = avow__shutdown_status(req->handle, status);
  if (!pump_resume(pump))
    return;
  avow__enter(c);
  if (err < 0)
    pump_fail(pump, err, "shutdown");
  else
    pump_settle(pump, avow_int(pump->moved));
  avow__leave(c);
}

static void begin_wait(pump_t *pump) {
  pump->waits = true;
  pump->context->handle_requests++;
}

static int pump_finish(pump_t *pump) {
  pump->req.shutdown.data = pump;
  const int err = uv_shutdown(&pump->req.shutdown, pump->to, pump_on_shutdown);
  if (err == 0)
    begin_wait(pump);
  return err;
}

/* The rest is written before more is read. */
static int pump_queue(pump_t *pump, size_t done, size_t len) {
  uv_buf_t rest = uv_buf_init(pump->buffer + done, (unsigned) (len - done));
  (void) uv_read_stop(pump->from); /* always 0 */
  pump->req.write.data = pump;
  pump->queued = len - done;
  const int err = uv_write(&pump->req.write, pump->to, &rest, 1, pump_on_write);
  if (err == 0)
    begin_wait(pump);
  avow__progress_wait(pump->progress, avow_uv_stream(pump->to));
  return err;
}

static int pump_pass_on(pump_t *pump, size_t len) {
  const uv_buf_t buf = uv_buf_init(pump->buffer, (unsigned) len);
  avow__look_at_sigpipe(pump->to);
  int n = uv_try_write(pump->to, &buf, 1);
  if (n == UV_EAGAIN)
    n = 0;
  if (n < 0)
    return n;
  pump_count(pump, n);
  return (size_t) n < len ? pump_queue(pump, (size_t) n, len) : 0;
}

/* Called at the end of the source. Returns false if the destination must be
   shut down. */
static bool pump_is_over(pump_t *pump) {
  avow__context_t *c = pump->context;
  if (pump->progress == NULL || !pump->progress->keep_open)
    return false;
  avow__enter(c);
  pump_settle(pump, avow_int(pump->moved));
  avow__leave(c);
  return true;
}

static void pump_on_read(uv_stream_t *from, ssize_t nread,
                         const uv_buf_t *buf) {
  avow__context_t *c = avow__context_of(from->loop);
  pump_t *pump = (pump_t *) avow__net_find(c, AVOW__READERS, from);
  const char *name = "read";
  int err = nread < 0 ? avow__how_ended(from, (int) nread, buf) : 0;
  if (err == UV_EOF && pump_is_over(pump))
    return;
  if (nread > 0) {
    name = "write";
    err = pump_pass_on(pump, (size_t) nread);
  } else if (err == UV_EOF) {
    name = "shutdown";
    err = pump_finish(pump);
  }
  if (err == 0)
    return;
  avow__enter(c);
  pump_fail(pump, err, name);
  avow__leave(c);
}

static int start_sink(avow__context_t *c, pump_t *pump) {
  if (uv_is_closing((uv_handle_t *) pump->to))
    return UV_EINVAL;
  if (avow__net_find(c, AVOW__SINKS, pump->to) != NULL)
    return UV_EALREADY;
  const int err = uv_read_start(pump->from, pump_on_alloc, pump_on_read);
  if (err != 0)
    return err;
  pump->sink.node.key = pump->to;
  avow__net_add(c, AVOW__SINKS, &pump->sink.node);
  return 0;
}

static int pump_start(avow__context_t *c, pump_t *pump) {
  int err = avow__reading_begin(c, &pump->source, (uv_handle_t *) pump->from);
  if (err != 0)
    return err;
  avow__stream_quiet(pump->from);
  err = start_sink(c, pump);
  if (err != 0)
    avow__net_remove(c, AVOW__READERS, &pump->source.node);
  return err;
}

static avow_promise_t *pump_new(uv_stream_t *from, uv_stream_t *to,
                                avow__progress_t *progress) {
  avow__context_t *c = avow__context_of(from->loop);
  avow_deferred_t *d;
  avow_promise_t *p = avow__promise_new(c, &d);
  pump_t *pump = avow__has_settled(p) ? NULL : avow_malloc(sizeof(*pump));
  int err = UV_ENOMEM;
  if (pump != NULL) {
    pump->source = (avow__reading_t){ .on_close = on_source_close };
    pump->sink = (avow__reading_t){ .on_close = on_sink_close };
    pump->context = c;
    pump->deferred = d;
    pump->from = from;
    pump->to = to;
    pump->moved = 0;
    pump->progress = progress;
    pump->waits = false;
    err = pump_start(c, pump);
  }
  if (err != 0) {
    avow_free(pump);
    /* or it is settled */
    (void) avow_reject(d, avow__error_of(err, "pump", NULL));
    return p;
  }
  avow_on_cancel(d, pump_cancel, pump);
  return p;
}

static avow_promise_t *pump_any(avow_stream_t from, avow_stream_t to,
                                avow__progress_t *progress) {
  if (avow__is_uv(from) && avow__is_uv(to))
    return pump_new(from.self, to.self, progress);
  return avow__pull_pump(from, to, progress);
}

/* Returns 0, or the code of the problem. */
static int pump_check(avow_stream_t from, avow_stream_t to,
                      const avow_pump_options_t *options) {
  if (avow__stream_loop(from) == avow__stream_loop(to))
    return AVOW__RESERVED(options);
  avow__misuse(
      "avow_pump(): streams belong to different loops; send the bytes with an "
      "avow_sender_t and write them on the other loop");
  return AVOW_EMISUSE;
}

static avow__progress_t *progress_new(uv_loop_t *loop,
                                      const avow_pump_options_t *options) {
  avow__progress_t *progress = avow__progress_new(loop, "pump", options->idle);
  if (progress == NULL)
    return NULL;
  progress->keep_open = options->keep_open;
  progress->moved = options->moved;
  avow__progress_note(progress, 0);
  return progress;
}

avow_promise_t *avow_pump(avow_stream_t from, avow_stream_t to,
                          const avow_pump_options_t *options) {
  if (from.klass == NULL || to.klass == NULL)
    return avow__refuse_null("stream");
  const int err = pump_check(from, to, options);
  avow_promise_t *outlived = err == 0 ? avow__stream_outlived(from) : NULL;
  if (outlived != NULL)
    return outlived;
  if (err == 0 && options == NULL)
    return pump_any(from, to, NULL);
  uv_loop_t *loop = avow__stream_loop(from);
  avow__progress_t *progress = err == 0 ? progress_new(loop, options) : NULL;
  return progress != NULL
             ? avow__progress_watch(progress, pump_any(from, to, progress))
             : avow__refuse(loop, err != 0 ? err : UV_ENOMEM, "pump", NULL);
}
