/* SPDX-License-Identifier: MIT */
/*
 * A read compresses the available input and reads more until there is output.
 * If a read is canceled, its progress stays in the stream. The memory of the
 * stream is kept until the read has ended.
 */
#include "gzipped.h"

#include <avow/stream_class.h>
#include <stdlib.h>
#include <zlib.h>

enum { ROOM = 64 * 1024, GZIP = 16 + MAX_WBITS, MEMORY = 8 };

typedef struct {
  uv_loop_t *loop;
  avow_value_t from;  /* owns the source; NONE once it is closed */
  avow_value_t chunk; /* BYTES read from it, while some are left */
  z_stream z;
  bool ended;    /* the source has no more data */
  bool finished; /* all output is in `out` */
  bool reads;
  size_t max_bytes;
  size_t at, len; /* in out: start and end of unread output */
  unsigned refs;
  unsigned char out[ROOM];
} gzipped_t;

static void unref(void *data) {
  gzipped_t *g = data;
  if (--g->refs > 0)
    return;
  (void) deflateEnd(&g->z); /* its error about unread data is irrelevant */
  avow_value_unref(g->chunk);
  avow_value_unref(g->from);
  free(g);
}

/* Returns whether there is output or the end is reached. */
static bool squeeze(gzipped_t *g) {
  if (g->at < g->len || g->finished)
    return true;
  g->z.next_out = g->out;
  g->z.avail_out = ROOM;
  const int result = deflate(&g->z, g->ended ? Z_FINISH : Z_NO_FLUSH);
  g->finished = result == Z_STREAM_END;
  g->at = 0;
  g->len = ROOM - g->z.avail_out;
  if (g->z.avail_in == 0)
    avow_value_clear(&g->chunk);
  return g->len > 0 || g->finished;
}

static avow_value_t feed(const avow_value_t *chunk, void *data) {
  gzipped_t *g = data;
  size_t len = 0;
  g->ended = avow_is_none(chunk);
  if (!g->ended) {
    g->chunk = avow_value_ref(chunk);
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): zlib only reads it */
    g->z.next_in = (unsigned char *) (uintptr_t) avow_to_bytes(chunk, &len);
    g->z.avail_in = (unsigned) len; /* at most ROOM */
  }
  return avow_none(); /* repeats step() */
}

static avow_value_t step(void *data) {
  gzipped_t *g = data;
  if (squeeze(g))
    return avow_int(1); /* ends avow_repeat() */
  if (avow_is_none(&g->from))
    return avow_error(UV_ECANCELED);
  avow_promise_t *p = avow_read(avow_to_stream(&g->from), ROOM);
  return avow_follow(avow_then(p, feed, NULL, g));
}

static avow_value_t give(const avow_value_t *one, void *data) {
  gzipped_t *g = data;
  const size_t left = g->len - g->at;
  const size_t n = left < g->max_bytes ? left : g->max_bytes;
  if (n == 0)
    return avow_none(); /* the end */
  const avow_value_t v = avow_bytes((const char *) g->out + g->at, n);
  if (!avow_is_error(&v))
    g->at += n;
  return v;
}

static void is_over(void *data) {
  ((gzipped_t *) data)->reads = false;
  unref(data);
}

static avow_promise_t *gzipped_read(void *self, size_t max_bytes) {
  gzipped_t *g = self;
  if (avow_is_none(&g->from) || g->reads)
    return avow_promise_reject(g->loop,
                               avow_error(g->reads ? UV_EALREADY : UV_EINVAL));
  g->reads = true;
  g->refs++;
  g->max_bytes = max_bytes;
  avow_promise_t *p = avow_repeat(g->loop, step, g);
  return avow_attach(avow_then(p, give, NULL, g), g, is_over);
}

static uv_loop_t *gzipped_loop(void *self) {
  return ((const gzipped_t *) self)->loop;
}

/* A pending read rejects with UV_ECANCELED, as the read of the source does. */
static avow_promise_t *gzipped_close(void *self) {
  gzipped_t *g = self;
  if (avow_is_none(&g->from))
    return avow_promise_reject(g->loop, avow_error(UV_EALREADY));
  const avow_value_t from = avow_steal(&g->from);
  avow_promise_t *p = avow_close(avow_to_stream(&from));
  avow_value_unref(from);
  return p;
}

static void gzipped_destroy(void *self) {
  gzipped_t *g = self;
  avow_stream_destroyed(g->loop, g);
  avow_value_clear(&g->from); /* closes it */
  unref(g);
}

static const avow_stream_class_t streams = { .size = sizeof(streams),
                                             .loop = gzipped_loop,
                                             .read = gzipped_read,
                                             .close = gzipped_close };

static const avow_class_t klass = { .name = "gzipped",
                                    .destroy = gzipped_destroy,
                                    .stream = &streams };

avow_value_t gzipped(uv_loop_t *loop, avow_value_t from) {
  gzipped_t *g = avow_is_error(&from) ? NULL : calloc(1, sizeof(*g));
  if (avow_is_error(&from))
    return from;
  if (g == NULL || deflateInit2(&g->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP,
                                MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
    free(g);
    avow_value_unref(from);
    return avow_error(UV_ENOMEM);
  }
  g->loop = loop;
  g->from = from;
  g->refs = 1;
  return avow_object(&klass, g);
}
