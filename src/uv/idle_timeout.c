/* SPDX-License-Identifier: MIT */
/*
 * Progress of pumps and readers. The watcher sleeps for the time that is left
 * and then checks again. Moving data therefore sets no timer.
 */
#include "uv/idle_timeout.h"

#include <inttypes.h>

#include "avow/cancel.h"
#include "avow/timer.h"
#include "base/alloc.h"
#include "engine/promise.h"
#include "uv/stream.h"
#include "value/value.h"

avow__progress_t *avow__progress_new(uv_loop_t *loop, const char *name,
                                     uint64_t idle) {
  avow__progress_t *progress = avow_malloc(sizeof(*progress));
  if (progress == NULL)
    return NULL;
  *progress = (avow__progress_t){ .loop = loop,
                                  .name = name,
                                  .idle = idle,
                                  .at = avow_now(loop),
                                  .refs = 1 };
  return progress;
}

void avow__progress_leave(avow__progress_t *progress) {
  if (progress != NULL)
    progress->to = (avow_stream_t){ NULL, NULL };
}

void avow__progress_note(avow__progress_t *progress, int64_t moved) {
  progress->at = avow_now(progress->loop);
  avow__progress_leave(progress);
  if (progress->moved != NULL)
    *progress->moved = (uint64_t) moved;
}

void avow__progress_wait(avow__progress_t *progress, avow_stream_t to) {
  if (progress == NULL)
    return;
  progress->to = to;
  progress->queued = avow__stream_queued(to);
}

/* A part of a pending write may already have been sent. */
static void look_within_write(avow__progress_t *progress) {
  if (progress->to.klass == NULL)
    return;
  const size_t queued = avow__stream_queued(progress->to);
  if (queued < progress->queued)
    progress->at = avow_now(progress->loop);
  progress->queued = queued;
}

static void progress_unref(void *data) {
  avow__progress_t *progress = data;
  if (--progress->refs == 0)
    avow_free(progress);
}

static avow_value_t progress_look(void *data) {
  avow__progress_t *progress = data;
  look_within_write(progress);
  const uint64_t waited = avow_now(progress->loop) - progress->at;
  if (waited < progress->idle)
    return avow_follow(avow_sleep(progress->loop, progress->idle - waited));
  return avow__error_of_limit(avow_error_new(UV_ETIMEDOUT, avow_none(),
                                             "%s: no bytes for %" PRIu64 " ms",
                                             progress->name, progress->idle));
}

avow_promise_t *avow__progress_watch(avow__progress_t *progress,
                                     avow_promise_t *p) {
  if (progress->idle > 0) {
    avow_promise_t *stop = avow_repeat(progress->loop, progress_look, progress);
    progress->refs++;
    stop = avow_attach(stop, progress, progress_unref);
    p = avow_until(p, stop);
    avow_unref(stop);
  }
  return avow_attach(p, progress, progress_unref);
}
