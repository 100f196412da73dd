/* SPDX-License-Identifier: MIT */
/*
 * Byte streams. A stream of libuv is recognized by the address of its class,
 * and its operations call libuv directly. Operations on other streams are
 * dispatched here.
 */
#include "uv/stream.h"

#include "avow/net.h"
#include "base/misuse.h"
#include "engine/promise.h"
#include "uv/op.h"
#include "uv/write.h"

const avow_stream_class_t avow__uv_streams = { .size =
                                                   sizeof(avow__uv_streams) };

#if AVOW__DEBUG
void avow__check_stream_in(const void *self, const char *called) {
  if (avow__is_gone(self))
    avow__misuse_in(called,
                    "stream used after the value that owns it was freed; keep "
                    "a reference with avow_value_ref()");
}
#endif

void avow__misuse_of_no_handle_in(const char *called) {
  avow__misuse_in(
      called, "handle is NULL, or the stream has none; pass a valid handle");
}

avow_stream_t avow_uv_stream(uv_stream_t *handle) {
  if (handle == NULL) {
    avow__misuse_of_no_handle();
    return (avow_stream_t){ NULL, NULL };
  }
  avow__note_there(handle); /* the program's, so it is not freed */
  return (avow_stream_t){ &avow__uv_streams, handle };
}

static const avow_class_t no_stream = { .name = "stream" };

avow_stream_t avow_to_stream(const avow_value_t *v) {
  if (v != NULL && v->tag == AVOW_OBJECT) {
    const avow__object_t *object = v->u.p;
    if (object->klass->stream != NULL)
      return (avow_stream_t){ object->klass->stream, object->self };
  }
  (void) avow__to_object(v, &no_stream); /* reports the actual type */
  return (avow_stream_t){ NULL, NULL };
}

uv_stream_t *avow_stream_handle(avow_stream_t stream) {
  return avow__is_uv(stream) ? stream.self : NULL;
}

uv_loop_t *avow__stream_loop(avow_stream_t stream) {
  if (avow__is_uv(stream)) {
    avow__check_stream(stream.self);
    return ((uv_stream_t *) stream.self)->loop;
  }
  if (AVOW__STREAM_CAN(stream, loop))
    return stream.klass->loop(stream.self);
  avow__misuse(
      "stream class has no loop() or a wrong size; set both as "
      "avow/stream_class.h describes");
  return NULL;
}

static avow_promise_t *stream_refuse(avow_stream_t stream, int err,
                                     const char *name) {
  return avow__refuse(avow__stream_loop(stream), err, name, NULL);
}

/* Checks that a function of a class returned a promise. */
static avow_promise_t *stream_given(avow_promise_t *p) {
  return avow__given(p, "promise from the stream class");
}

/* 0, or an error if the stream cannot be read. A stream that has outlived its
   loop returns its own error. */
static int read_refusal(avow_stream_t stream, size_t max_bytes) {
  if (max_bytes == 0)
    return UV_EINVAL;
  if (!AVOW__STREAM_CAN(stream, read))
    return UV_ENOTSUP;
  const avow__context_t *c = avow__loop_table_find(avow__stream_loop(stream));
  return c != NULL && avow__reading_is_pulled(c, stream.self) ? UV_EALREADY : 0;
}

avow_promise_t *avow__any_read(avow_stream_t stream, size_t max_bytes) {
  if (stream.klass == NULL)
    return avow__refuse_null("stream");
  const int err = read_refusal(stream, max_bytes);
  return err == 0 ? stream_given(stream.klass->read(stream.self, max_bytes))
                  : stream_refuse(stream, err, "read");
}

int avow__read_check(const avow_value_t *given, size_t max_bytes) {
  size_t len = 0;
  if (given->tag == AVOW_NONE)
    return 0;
  if (given->tag == AVOW_BYTES)
    (void) avow_to_bytes(given, &len);
  if (len > 0 && len <= max_bytes)
    return 0;
  avow__misuse(
      "read() of a stream class, called for at most %zu bytes, gave type %s "
      "with %zu bytes; fulfill with BYTES of 1 byte or more, or with NONE at "
      "the end",
      max_bytes, avow_type_name(given), len);
  return AVOW_EMISUSE;
}

int avow__written_check(const avow_value_t *given, size_t len) {
  if (given->tag == AVOW_INT && given->u.i == (int64_t) len)
    return 0;
  avow__misuse(
      "write() of a stream class, called with %zu bytes, gave type %s; fulfill "
      "with INT, the number of bytes, when all are written",
      len, avow_type_name(given));
  return AVOW_EMISUSE;
}

int avow__moved_check(const avow_value_t *given) {
  if (given->tag == AVOW_INT && given->u.i >= 0)
    return 0;
  avow__misuse(
      "pump_to() of a stream class gave type %s; fulfill with INT, the number "
      "of bytes",
      avow_type_name(given));
  return AVOW_EMISUSE;
}

static avow_promise_t *checked_write(avow_stream_t stream, avow_value_t bytes) {
  const int err = avow__write_check(&bytes);
  if (err == 0 && AVOW__STREAM_CAN(stream, write))
    return stream_given(stream.klass->write(stream.self, bytes));
  avow__value_unref(bytes);
  return stream_refuse(stream, err != 0 ? err : UV_ENOTSUP, "write");
}

avow_promise_t *avow__any_write(avow_stream_t stream, avow_value_t bytes) {
  if (stream.klass != NULL)
    return checked_write(stream, bytes);
  avow__value_unref(bytes);
  return avow__refuse_null("stream");
}

avow_promise_t *avow__any_shutdown(avow_stream_t stream) {
  if (stream.klass == NULL)
    return avow__refuse_null("stream");
  return AVOW__STREAM_CAN(stream, shutdown)
             ? stream_given(stream.klass->shutdown(stream.self))
             : stream_refuse(stream, UV_ENOTSUP, "shutdown");
}

avow_promise_t *avow__any_hangup(avow_stream_t stream) {
  if (stream.klass == NULL)
    return avow__refuse_null("stream");
  return AVOW__STREAM_CAN(stream, hangup)
             ? stream_given(stream.klass->hangup(stream.self))
             : stream_refuse(stream, UV_ENOTSUP, "poll");
}

avow_promise_t *avow__stream_refuse(avow__context_t *c, int err,
                                    const char *name) {
  return avow__has_closed(c) ? avow__no_promise(c)
                             : avow__refuse(c->loop, err, name, NULL);
}

avow_promise_t *avow__stream_outlived(avow_stream_t stream) {
  if (avow__is_uv(stream))
    return NULL;
  const uv_loop_t *loop = avow__stream_loop(stream);
  if (loop == NULL || avow__loop_table_find(loop) != NULL)
    return NULL;
  return avow__any_read(stream, 1);
}

size_t avow__stream_queued(avow_stream_t stream) {
  if (avow__is_uv(stream))
    return uv_stream_get_write_queue_size(stream.self);
  return AVOW__STREAM_CAN(stream, queued) ? stream.klass->queued(stream.self)
                                          : 0;
}

avow_promise_t *avow_close(avow_stream_t stream) {
  if (avow__is_uv(stream)) {
    avow__check_stream(stream.self);
    return avow_close_handle(stream.self);
  }
  if (stream.klass == NULL)
    return avow__refuse_null("stream");
  if (!AVOW__STREAM_CAN(stream, close))
    return stream_refuse(stream, UV_ENOTSUP, "close");
  avow_stream_destroyed(avow__stream_loop(stream), stream.self);
  return stream_given(stream.klass->close(stream.self));
}

void avow_stream_destroyed(uv_loop_t *loop, const void *self) {
  if (loop == NULL)
    avow__misuse_of_null("loop"); /* NULL is in no table */
  avow__context_t *c = avow__loop_table_find(loop);
  if (c == NULL)
    return; /* its promises have settled */
  avow__check_thread(c);
  avow__reading_close(c, self);
}

static bool stream_closes(avow_stream_t stream) {
  return avow__is_uv(stream) && uv_is_closing(stream.self);
}

int avow__stream_enter(avow__reading_t *reading, int table,
                       avow_stream_t stream,
                       void (*on_close)(avow__reading_t *reading)) {
  avow__context_t *c = avow__context_of(avow__stream_loop(stream));
  if (stream_closes(stream))
    return UV_EINVAL;
  if (avow__net_open(c) == NULL)
    return UV_ENOMEM;
  avow__reading_t *other =
      (avow__reading_t *) avow__net_find(c, table, stream.self);
  if (other != NULL && other->yield == NULL)
    return UV_EALREADY;
  if (other != NULL)
    (void) other->yield(other); /* a canceled one yields */
  reading->node.key = stream.self;
  reading->on_close = on_close;
  avow__net_add(c, table, &reading->node);
  return 0;
}

void avow__stream_leave(avow__reading_t *reading, avow__context_t *c,
                        int table) {
  if (reading->on_close == NULL)
    return;
  reading->on_close = NULL;
  avow__net_remove(c, table, &reading->node);
}
