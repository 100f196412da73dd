/* SPDX-License-Identifier: MIT */
/*
 * Streams in memory. A pair has two ends. Each end writes to one way and reads
 * from the other. The pair is freed when the sleeps of its ways have ended and
 * both values are freed.
 */
#include "avow/duplex.h"

#include "avow/stream_class.h"
#include "base/options_check.h"
#include "engine/child.h"
#include "stream/duplex_half.h"
#include "uv/stream.h"

typedef struct {
  avow__pair_t *pair;
  avow__way_t *in, *out;
  bool closed;
} end_t;

typedef struct {
  avow__pair_t pair;
  end_t ends[2];
} duplex_t;

static uv_loop_t *end_loop_of(const end_t *end) {
  return end->pair->parent.context->loop;
}

/* The address of the end identifies the stream. */
static end_t *end_of(void *self) {
  avow__check_stream(self);
  return self;
}

static uv_loop_t *duplex_loop(void *self) {
  return end_loop_of(end_of(self));
}

static bool end_is_over(const end_t *end) {
  return end->closed || avow__has_closed(end->pair->parent.context);
}

static avow_promise_t *duplex_refuse(const end_t *end, int err,
                                     const char *name) {
  return avow__stream_refuse(end->pair->parent.context, err, name);
}

static avow_promise_t *duplex_read(void *self, size_t max_bytes) {
  end_t *end = end_of(self);
  if (end_is_over(end) || end->in->reader != NULL)
    return duplex_refuse(end, end->closed ? UV_EINVAL : UV_EALREADY, "read");
  return avow__way_read(end->in, max_bytes);
}

static avow_promise_t *duplex_write(void *self, avow_value_t bytes) {
  end_t *end = end_of(self);
  const int err = end_is_over(end) ? UV_EINVAL : end->out->broken;
  if (err == 0)
    return avow__way_write(end->out, bytes);
  avow__value_unref(bytes);
  return duplex_refuse(end, err, "write");
}

static avow_promise_t *duplex_shutdown(void *self) {
  end_t *end = end_of(self);
  if (!end_is_over(end) && end->out->broken == 0)
    return avow__way_shutdown(end->out);
  return duplex_refuse(end, end->closed ? UV_EINVAL : UV_ENOTCONN, "shutdown");
}

static avow_promise_t *duplex_hangup(void *self) {
  end_t *end = end_of(self);
  if (end_is_over(end) || end->out->watcher != NULL)
    return duplex_refuse(end, end->closed ? UV_EINVAL : UV_EALREADY, "poll");
  return avow__way_watch(end->out);
}

static avow_promise_t *duplex_close(void *self) {
  end_t *end = end_of(self);
  if (end_is_over(end))
    return duplex_refuse(end, UV_EALREADY, "close");
  end->closed = true;
  avow__way_stop_watching(end->out);
  avow__way_stop_reading(end->in);
  avow__way_stop_writing(end->out);
  return avow_promise_resolve(end_loop_of(end), avow_none());
}

/* A closed loop has settled all pending promises of the pair. */
static void duplex_destroy(void *self) {
  end_t *end = end_of(self);
  avow__pair_t *pair = end->pair;
  avow__context_t *c = pair->parent.context;
  if (!avow__has_closed(c))
    avow__check_thread(c);
  else
    avow__way_break(end->in, UV_EOF);
  avow__reading_close(c, end);
  if (!end_is_over(end))
    avow_unref(duplex_close(end));
  avow__note_gone(end);
  avow__parent_unref(&pair->parent);
}

static size_t duplex_queued(void *self) {
  return avow__way_queued(end_of(self)->out);
}

static const avow_stream_class_t duplex_streams = {
  .size = sizeof(duplex_streams),
  .loop = duplex_loop,
  .read = duplex_read,
  .write = duplex_write,
  .shutdown = duplex_shutdown,
  .close = duplex_close,
  .hangup = duplex_hangup,
  .queued = duplex_queued,
};

static const avow_class_t duplex_class = { .name = "duplex",
                                           .destroy = duplex_destroy,
                                           .stream = &duplex_streams };

static duplex_t *duplex_new(uv_loop_t *loop, size_t room,
                            const avow_duplex_options_t *options) {
  duplex_t *duplex = avow__pair_new(loop, sizeof(*duplex), room, options);
  if (duplex == NULL)
    return NULL;
  avow__pair_t *pair = &duplex->pair;
  pair->parent.refs = 2; /* one for each end */
  for (size_t i = 0; i < 2; i++) {
    avow__note_there(&duplex->ends[i]);
    duplex->ends[i] = (end_t){ .pair = pair,
                               .out = &pair->ways[i],
                               .in = &pair->ways[1 - i] };
  }
  return duplex;
}

avow_value_t avow_duplex(uv_loop_t *loop, size_t room,
                         const avow_duplex_options_t *options) {
  avow__check_ready(loop);
  int err = AVOW__RESERVED(options);
  if (err == 0 && options != NULL && options->cut > 0)
    err = UV_EINVAL;
  if (err != 0)
    return avow__error_of(err, "duplex", NULL);
  duplex_t *duplex = duplex_new(loop, room, options);
  if (duplex == NULL)
    return avow_error(UV_ENOMEM);
  avow_value_t ends[] = { avow_object(&duplex_class, &duplex->ends[0]),
                          avow_object(&duplex_class, &duplex->ends[1]) };
  if (!avow_is_error(&ends[0]) && !avow_is_error(&ends[1]))
    return avow_list(ends, 2);
  avow__value_unref(ends[0]);
  avow__value_unref(ends[1]);
  return avow_error(UV_ENOMEM);
}
