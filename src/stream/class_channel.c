/* SPDX-License-Identifier: MIT */
/*
 * Channel of the bytes that arrive on a stream of a class other than libuv's.
 * At most one read is pending, and none while the channel is full. A separate
 * parent reads the stream. The parent outlives this source until its child has
 * reported.
 */
#include "stream/class_channel.h"

#include "base/container.h"
#include "channel/channel.h"
#include "engine/child.h"
#include "uv/class_read.h"
#include "uv/op.h"
#include "uv/stream.h"

typedef struct puller_s puller_t;

typedef struct {
  avow__parent_t parent;
  puller_t *puller; /* NULL: the source was stopped */
} pulling_t;

struct puller_s {
  avow__source_t source;
  avow__reading_t reading;
  avow_stream_t stream;
  size_t max_bytes;
  pulling_t *pulling;
  bool reads;
  bool called_off; /* the read was canceled, but may still give bytes */
};

static void puller_ask(puller_t *puller) {
  avow__parent_t *parent = &puller->pulling->parent;
  avow_promise_t *p =
      avow__pull_step(&puller->reading, puller->stream, puller->max_bytes);
  puller->reads = true;
  avow__child_add(parent, avow_follow(p), 0);
}

/* Takes ownership of `v` and returns it if a read may give this value.
   Otherwise returns an error. */
static avow_value_t puller_checked(const puller_t *puller, avow_value_t v) {
  const int err =
      avow_is_error(&v) ? 0 : avow__read_check(&v, puller->max_bytes);
  if (err == 0)
    return v;
  avow__value_unref(v);
  return avow__error_of(err, "read", NULL);
}

static void puller_arrive(puller_t *puller, avow_value_t v) {
  avow_channel_t *channel = puller->source.channel;
  const avow_value_t outcome = puller_checked(puller, v);
  if (avow_is_error(&outcome))
    avow_channel_fail(channel, outcome);
  else if (outcome.tag == AVOW_NONE)
    avow_channel_end(channel);
  else if (avow__channel_push(channel, outcome))
    puller_ask(puller);
}

static void puller_report(avow__parent_t *parent, uint32_t index,
                          avow_value_t outcome) {
  puller_t *puller = ((pulling_t *) parent)->puller;
  if (puller == NULL) {
    avow__value_unref(outcome);
    return;
  }
  const bool called_off = puller->called_off;
  puller->reads = puller->called_off = false;
  if (!called_off || avow_error_code(&outcome) != UV_ECANCELED) {
    puller_arrive(puller, outcome);
    return;
  }
  if (puller->source.flows)
    puller_ask(puller);
  /* last, because its reason may call the program */
  avow__value_unref(outcome);
}

static const avow__parent_class_t pulling_class = { .report = puller_report };

static void puller_resume(avow__source_t *source) {
  puller_t *puller = (puller_t *) source;
  if (!puller->reads)
    puller_ask(puller);
}

static void puller_hold_back(avow__source_t *source) {
  puller_t *puller = (puller_t *) source;
  puller->called_off = puller->reads;
  avow__children_cancel(&puller->pulling->parent);
}

static void puller_leave(puller_t *puller) {
  avow__stream_leave(&puller->reading, puller->source.context, AVOW__PULLED);
}

static void puller_on_close(avow__reading_t *reading) {
  puller_t *puller = AVOW__CONTAINER(puller_t, reading, reading);
  puller_leave(puller);
  avow_channel_fail(puller->source.channel,
                    avow__error_of(UV_ECANCELED, "read", NULL));
}

static void puller_stop(avow__source_t *source) {
  puller_t *puller = (puller_t *) source;
  puller_leave(puller);
  avow__parent_t *parent = &puller->pulling->parent;
  puller->pulling->puller = NULL;
  avow__source_free(source);
  avow__children_cancel(parent);
  avow__parent_unref(parent);
}

static puller_t *puller_new(uv_loop_t *loop) {
  puller_t *puller = avow__source_new(loop, sizeof(*puller));
  if (puller == NULL)
    return NULL;
  puller->pulling =
      avow__parent_alloc(loop, &pulling_class, sizeof(*puller->pulling));
  if (puller->pulling != NULL)
    return puller;
  avow__source_free(&puller->source);
  return NULL;
}

static avow_channel_t *puller_refuse(puller_t *puller, int err) {
  uv_loop_t *loop = puller->source.context->loop;
  avow__parent_unref(&puller->pulling->parent);
  avow__source_free(&puller->source);
  return avow__channel_refuse(loop, err, "read", NULL);
}

avow_channel_t *avow__pull_chunks(avow_stream_t stream, size_t max_bytes,
                                  size_t room) {
  if (stream.klass == NULL)
    return (avow_channel_t *) avow__refuse_null("stream");
  uv_loop_t *loop = avow__stream_loop(stream);
  avow_promise_t *outlived = avow__stream_outlived(stream);
  if (outlived != NULL)
    return (avow_channel_t *) outlived;
  if (max_bytes == 0)
    return avow__channel_refuse(loop, UV_EINVAL, "read", NULL);
  puller_t *puller = puller_new(loop);
  if (puller == NULL)
    return avow__channel_none(loop);
  const int err = avow__stream_enter(&puller->reading, AVOW__PULLED, stream,
                                     puller_on_close);
  if (err != 0)
    return puller_refuse(puller, err);
  puller->pulling->puller = puller;
  puller->stream = stream;
  puller->max_bytes = max_bytes;
  puller->source.resume = puller_resume;
  puller->source.pause = puller_hold_back;
  puller->source.stop = puller_stop;
  return avow__channel_feed(loop, room, &puller->source);
}
