/* SPDX-License-Identifier: MIT */
/*
 * Channel of the bytes that arrive on a stream. Nothing is read while the
 * channel is full.
 */
#include "avow/pump.h"
#include "base/container.h"
#include "channel/channel.h"
#include "stream/class_channel.h"
#include "uv/class_read.h"
#include "uv/eof_error.h"
#include "uv/op.h"
#include "uv/read.h"
#include "uv/read_buffer.h"
#include "uv/stream.h"
#include "uv/stream_lock.h"

typedef struct {
  avow__source_t source;   /* first, because the channel has a pointer to it */
  avow__reading_t reading; /* registered with the stream */
  uv_stream_t *stream;
  avow__buffer_t buffer; /* for a terminal */
  size_t max_bytes;
} chunks_t;

static chunks_t *chunks_of(void *reading) {
  return AVOW__CONTAINER(chunks_t, reading, reading);
}

static chunks_t *chunks_find(const uv_handle_t *handle) {
  return chunks_of(
      avow__net_find(avow__context_of(handle->loop), AVOW__READERS, handle));
}

static avow__buffer_t *room_for(chunks_t *chunks) {
  return avow__room_of(chunks->source.context, chunks->stream, &chunks->buffer);
}

static void chunks_on_alloc(uv_handle_t *handle, size_t suggested,
                            uv_buf_t *buf) {
  chunks_t *chunks = chunks_find(handle);
  *buf = avow__room_offer(room_for(chunks), chunks->max_bytes);
}

static void chunks_push(chunks_t *chunks, size_t len) {
  const avow_value_t v = avow__room_take(room_for(chunks), len);
  /* may pause this source */
  (void) avow__channel_push(chunks->source.channel, v);
}

static void chunks_fail(chunks_t *chunks, int err) {
  avow_channel_fail(chunks->source.channel,
                    avow__error_of(avow__buffer_error(err), "read", NULL));
}

static void chunks_end(chunks_t *chunks, int err) {
  if (err == UV_EOF)
    avow_channel_end(chunks->source.channel);
  else if (err != 0)
    chunks_fail(chunks, err);
}

static void chunks_on_read(uv_stream_t *stream, ssize_t nread,
                           const uv_buf_t *buf) {
  chunks_t *chunks = chunks_find((uv_handle_t *) stream);
  avow__context_t *c = chunks->source.context;
  avow__enter(c);
  if (nread > 0)
    chunks_push(chunks, (size_t) nread);
  else if (nread < 0)
    chunks_end(chunks, avow__how_ended(stream, (int) nread, buf));
  avow__leave(c);
}

static void chunks_resume(avow__source_t *source) {
  chunks_t *chunks = (chunks_t *) source;
  const int err =
      uv_read_start(chunks->stream, chunks_on_alloc, chunks_on_read);
  if (err == 0)
    return;
  avow__source_pause(source); /* the program already reads from the stream */
  chunks_fail(chunks, err);
}

static void chunks_hold_back(avow__source_t *source) {
  (void) uv_read_stop(((chunks_t *) source)->stream); /* always 0 */
}

static void chunks_stop(avow__source_t *source) {
  chunks_t *chunks = (chunks_t *) source;
  avow__net_remove(source->context, AVOW__READERS, &chunks->reading.node);
  if (source->told)
    chunks_hold_back(source);
  avow__buffer_clear(&chunks->buffer);
  avow__source_free(&chunks->source);
}

static void chunks_on_close(avow__reading_t *reading) {
  chunks_fail(chunks_of(reading), UV_ECANCELED);
}

avow_channel_t *avow_chunks(avow_stream_t s, size_t max_bytes, size_t room) {
  avow__check_given(s.klass, "stream");
  if (!avow__is_uv(s))
    return avow__pull_chunks(s, max_bytes, room);
  uv_stream_t *stream = s.self;
  avow__check_stream(stream);
  avow__context_t *c = avow__context_of(stream->loop);
  chunks_t *chunks = avow__source_new(stream->loop, sizeof(*chunks));
  if (chunks == NULL)
    return avow__channel_none(stream->loop);
  chunks->source.resume = chunks_resume;
  chunks->source.pause = chunks_hold_back;
  chunks->source.stop = chunks_stop;
  chunks->reading.on_close = chunks_on_close;
  chunks->stream = stream;
  chunks->max_bytes = max_bytes;
  int err = UV_EINVAL;
  if (max_bytes > 0)
    err = avow__reading_begin(c, &chunks->reading, (uv_handle_t *) stream);
  if (err == 0) {
    avow__stream_quiet(stream);
    return avow__channel_feed(stream->loop, room, &chunks->source);
  }
  avow__source_free(&chunks->source);
  return avow__channel_refuse(stream->loop, err, "read", NULL);
}
