/* SPDX-License-Identifier: MIT */
/*
 * Many reads of a stream of another class than libuv's, one after another: each
 * step of a repetition reads once. If the promise is canceled, data that has
 * arrived still reaches the handler that stores it, so none is lost. The parent
 * of that repetition is told if a stream is closed or freed between two steps.
 */
#include "uv/class_read.h"

#include <string.h>

#include "base/alloc.h"
#include "base/container.h"
#include "engine/cancel.h"
#include "engine/child.h"
#include "uv/op.h"
#include "uv/stream.h"
#include "value/buffer.h"

enum { CLASS_PORTION = 65536, LITTLE = 4096, CLASS_ROOM = 4096 };

typedef struct {
  avow_stream_t from, to; /* `to` is none, unless this is a pump */
  size_t max_bytes;
  size_t min; /* `into`: minimum number of bytes */
  char *into;
  size_t done;
  avow__buffer_t buffer;
  int64_t moved;
  avow__progress_t *progress; /* NULL: not requested */
  size_t asked;               /* limit of the last read, in bytes */
  size_t given;               /* bytes given to the write */
  avow_cb take;               /* handler of a read's result */
  enum { READ_AND_WRITE, ASK_FIRST, READ_THEN_ASK } way;
} pull_t;

typedef struct {
  avow__parent_t parent;
  avow__reading_t source, sink;
  bool has_made_way; /* removed from AVOW__SINKS */
  pull_t pull;
} class_pulling_t;

static void pulling_leave_sink(class_pulling_t *pulling) {
  avow__progress_leave(pulling->pull.progress);
  avow__stream_leave(&pulling->sink, pulling->parent.context,
                     pulling->has_made_way ? AVOW__DRAINING : AVOW__SINKS);
}

static void pulling_leave(class_pulling_t *pulling) {
  avow__stream_leave(&pulling->source, pulling->parent.context, AVOW__PULLED);
  pulling_leave_sink(pulling);
}

static void pulling_report(avow__parent_t *parent, uint32_t index,
                           avow_value_t outcome) {
  pulling_leave((class_pulling_t *) parent);
  avow__parent_settle(parent, outcome);
}

static void pulling_on_sink(avow__reading_t *sink);

/* Lets another pump write to the sink while the data read here is still to be
   written. This pump is still told when the sink closes. */
static bool pulling_make_way(avow__reading_t *sink) {
  class_pulling_t *pulling = AVOW__CONTAINER(class_pulling_t, sink, sink);
  avow__context_t *c = pulling->parent.context;
  pulling_leave_sink(pulling);
  pulling->has_made_way = true;
  sink->on_close = pulling_on_sink;
  avow__net_add(c, AVOW__DRAINING, &sink->node);
  return true;
}

/* Data that was read may still have to be written, unless the sink closes
   first. */
static void pulling_cancel(avow__parent_t *parent) {
  class_pulling_t *pulling = (class_pulling_t *) parent;
  avow__stream_leave(&pulling->source, parent->context, AVOW__PULLED);
  pulling->sink.yield = pulling_make_way;
  avow__children_cancel(parent);
}

static void pulling_destroy(avow__parent_t *parent) {
  avow__buffer_clear(&((class_pulling_t *) parent)->pull.buffer);
}

static const avow__parent_class_t class_pulling_class = {
  .report = pulling_report, .cancel = pulling_cancel, .destroy = pulling_destroy
};

static void pulling_on_source(avow__reading_t *source) {
  const class_pulling_t *pulling =
      AVOW__CONTAINER(class_pulling_t, source, source);
  avow__cancel((avow_promise_t *) pulling->parent.deferred);
}

/* Nothing more is written to the sink. The promise may be canceled already. */
static void pulling_on_sink(avow__reading_t *sink) {
  class_pulling_t *pulling = AVOW__CONTAINER(class_pulling_t, sink, sink);
  pulling->pull.to = (avow_stream_t){ NULL, NULL };
  pulling_leave_sink(pulling);
  if (pulling->parent.deferred != NULL)
    avow__cancel((avow_promise_t *) pulling->parent.deferred);
}

/* 0, or an error if the streams cannot be used. */
static int pulling_enter(class_pulling_t *pulling) {
  const pull_t *pull = &pulling->pull;
  const int err = avow__stream_enter(&pulling->source, AVOW__PULLED, pull->from,
                                     pulling_on_source);
  if (err != 0 || pull->to.klass == NULL)
    return err;
  return avow__stream_enter(&pulling->sink, AVOW__SINKS, pull->to,
                            pulling_on_sink);
}

/* Repeats `step` until it has a result. */
static avow_promise_t *pull_begin(const pull_t *wish, avow_fn step,
                                  const char *name) {
  uv_loop_t *loop = avow__stream_loop(wish->from);
  avow_promise_t *p = avow__stream_outlived(wish->from);
  if (p != NULL)
    return p;
  class_pulling_t *pulling =
      avow__parent_new(loop, &class_pulling_class, sizeof(*pulling), &p);
  if (pulling == NULL)
    return p;
  pulling->pull = *wish;
  const int err = pulling_enter(pulling);
  if (err == 0) {
    avow_promise_t *steps = avow_repeat(loop, step, &pulling->pull);
    avow__child_add(&pulling->parent, avow_follow(steps), 0);
  } else {
    pulling_leave(pulling);
    avow__parent_settle(&pulling->parent, avow__error_of(err, name, NULL));
  }
  avow__parent_unref(&pulling->parent);
  return p;
}

static avow_value_t pull_chunk_cb(const avow_value_t *chunk, void *data) {
  pull_t *pull = data;
  const int err = avow__read_check(chunk, pull->asked);
  return err == 0 ? pull->take(chunk, pull) : avow__error_of(err, "read", NULL);
}

/* Reads once and passes the result to `take`, unless a read must not return it.
 */
static avow_value_t pull_read(pull_t *pull, size_t max_bytes, avow_cb take) {
  class_pulling_t *pulling = AVOW__CONTAINER(class_pulling_t, pull, pull);
  avow_promise_t *p = avow__pull_step(&pulling->source, pull->from, max_bytes);
  pull->asked = max_bytes;
  pull->take = take;
  return avow_follow(avow_then(p, pull_chunk_cb, NULL, pull));
}

static avow_value_t into_cb(const avow_value_t *chunk, void *data) {
  pull_t *pull = data;
  if (chunk->tag == AVOW_BYTES) {
    size_t len;
    const char *bytes = avow_to_bytes(chunk, &len);
    memcpy(pull->into + pull->done, bytes, len);
    pull->done += len;
    if (pull->done < pull->min)
      return avow_none(); /* repeat */
  }
  return avow_int((int64_t) pull->done);
}

static avow_value_t into_step(void *data) {
  pull_t *pull = data;
  return pull_read(pull, pull->max_bytes - pull->done, into_cb);
}

avow_promise_t *avow__pull_into(avow_stream_t stream, void *buffer, size_t min,
                                size_t max) {
  if (stream.klass == NULL)
    return avow__refuse_null("stream");
  if (min == 0 || min > max)
    return avow__refuse(avow__stream_loop(stream), UV_EINVAL, "read", NULL);
  const pull_t wish = { .from = stream,
                        .max_bytes = max,
                        .min = min,
                        .into = buffer };
  return pull_begin(&wish, into_step, "read");
}

static avow_value_t too_much(const pull_t *pull) {
  return avow_error_new(UV_EMSGSIZE, avow_none(), "read: more than %zu bytes",
                        pull->max_bytes);
}

/* False if out of memory. */
static bool pull_append(avow__buffer_t *buffer, const char *bytes, size_t len) {
  while (len > 0) {
    const size_t twice = avow__times(avow__buffer_room(buffer), 2);
    const size_t least = avow__plus(buffer->used, len);
    const size_t room = twice > least ? twice : least;
    const uv_buf_t free =
        avow__buffer_offer(buffer, room > CLASS_ROOM ? room : CLASS_ROOM);
    if (free.base == NULL)
      return false;
    const size_t n = free.len < len ? free.len : len;
    memcpy(free.base, bytes, n);
    buffer->used += n;
    bytes += n;
    len -= n;
  }
  return true;
}

static avow_value_t all_cb(const avow_value_t *chunk, void *data) {
  pull_t *pull = data;
  if (chunk->tag != AVOW_BYTES)
    return avow__buffer_take(&pull->buffer);
  size_t len;
  const char *bytes = avow_to_bytes(chunk, &len);
  if (len > pull->max_bytes - pull->buffer.used)
    return too_much(pull);
  return pull_append(&pull->buffer, bytes, len) ? avow_none()
                                                : avow_error(UV_ENOMEM);
}

static avow_value_t all_step(void *data) {
  return pull_read(data, CLASS_PORTION, all_cb);
}

avow_promise_t *avow__pull_all(avow_stream_t stream, size_t max_bytes) {
  if (stream.klass == NULL)
    return avow__refuse_null("stream");
  const pull_t wish = { .from = stream, .max_bytes = max_bytes };
  return pull_begin(&wish, all_step, "read");
}

static avow_value_t shut_cb(const avow_value_t *none, void *data) {
  return avow_int(((const pull_t *) data)->moved);
}

static avow_value_t pull_finish(pull_t *pull) {
  if (pull->progress != NULL && pull->progress->keep_open)
    return avow_int(pull->moved);
  return avow_follow(avow_then(avow_shutdown(pull->to), shut_cb, NULL, pull));
}

static void pull_note(const pull_t *pull) {
  if (pull->progress != NULL)
    avow__progress_note(pull->progress, pull->moved);
}

/* A class may claim that it moved more bytes than int64_t can hold. */
static void pull_count(pull_t *pull, int64_t n) {
  pull->moved = n < INT64_MAX - pull->moved ? pull->moved + n : INT64_MAX;
  pull_note(pull);
}

static avow_value_t written_cb(const avow_value_t *len, void *data) {
  pull_t *pull = data;
  const int err = avow__written_check(len, pull->given);
  if (err != 0)
    return avow__error_of(err, "write", NULL);
  pull_count(pull, (int64_t) pull->given);
  return avow_none(); /* repeat */
}

static avow_value_t moved_cb(const avow_value_t *chunk, void *data) {
  pull_t *pull = data;
  pull_note(pull);
  if (pull->to.klass == NULL) /* the sink has closed */
    return avow_error(UV_ECANCELED);
  if (chunk->tag != AVOW_BYTES)
    return pull_finish(pull);
  (void) avow_to_bytes(chunk, &pull->given); /* only for the length */
  avow_promise_t *p = avow_write(pull->to, avow_value_ref(chunk));
  avow__progress_wait(pull->progress, pull->to);
  return avow_follow(avow_then(p, written_cb, NULL, pull));
}

/* Handles the number of bytes that the source moved by itself. */
static avow_value_t passed_cb(const avow_value_t *len, void *data) {
  pull_t *pull = data;
  const int err = avow__moved_check(len);
  if (err != 0)
    return avow__error_of(err, "pump", NULL);
  const int64_t n = avow_to_int(len);
  pull->way = n > 0 ? ASK_FIRST : READ_THEN_ASK;
  pull_count(pull, n);
  return avow_none(); /* repeat */
}

static avow_value_t pump_step(void *data) {
  pull_t *pull = data;
  avow_promise_t *p = NULL;
  if (pull->way == ASK_FIRST)
    p = pull->from.klass->pump_to(pull->from.self, pull->to);
  if (p != NULL)
    return avow_follow(avow_then(p, passed_cb, NULL, pull));
  const bool asks = pull->way == READ_THEN_ASK;
  pull->way = asks ? ASK_FIRST : READ_AND_WRITE;
  return pull_read(pull, asks ? LITTLE : CLASS_PORTION, moved_cb);
}

avow_promise_t *avow__pull_pump(avow_stream_t from, avow_stream_t to,
                                avow__progress_t *progress) {
  const bool asks = AVOW__STREAM_CAN(from, pump_to);
  const pull_t wish = { .from = from,
                        .to = to,
                        .progress = progress,
                        .way = asks ? ASK_FIRST : READ_AND_WRITE };
  return pull_begin(&wish, pump_step, "pump");
}
