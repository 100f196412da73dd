/* SPDX-License-Identifier: MIT */
/*
 * Watches a file by calling stat() periodically. Changes that no receiver has
 * taken yet are combined into one, from the first to the last. This does not
 * use uv_fs_poll_t, which aborts the process when a check finds no memory.
 *
 * The timer is active between two checks. A pending check keeps the source
 * alive, and counts among the requests that the end of the loop waits for.
 */
#include <string.h>

#include "avow/fs.h"
#include "channel/channel.h"
#include "engine/virtual_clock.h"
#include "uv/op.h"

typedef struct {
  avow__source_t source;
  avow__alarm_t alarm;
  uv_fs_t req;
  uint64_t ms;
  bool looking; /* libuv uses `req` */
  bool stopped;
  bool known;     /* `last` is set */
  int result;     /* of the last check */
  uv_stat_t last; /* result of the last successful check */
  bool changed;   /* true until the change is received */
  int status;
  avow_fs_change_t change;
  char path[];
} fs_poller_t;

static const avow_class_t change_class = { .name = "fs_change" };

const avow_fs_change_t *avow_to_fs_change(const avow_value_t *v) {
  return avow__to_object(v, &change_class);
}

static avow_value_t change_new(const fs_poller_t *poller) {
  if (poller->status < 0)
    return avow__error_of(poller->status, "watch", poller->path);
  void *self;
  const avow_value_t v =
      avow__object_inline(&change_class, sizeof(poller->change), &self);
  if (!avow_is_error(&v))
    memcpy(self, &poller->change, sizeof(poller->change));
  return v;
}

static void fs_poll_resume(avow__source_t *source) {
  fs_poller_t *poller = (fs_poller_t *) source;
  if (!poller->changed)
    return;
  poller->changed = false;
  (void) avow__channel_push(source->channel, change_new(poller));
}

static void fs_poll_report(fs_poller_t *poller, int status,
                           const uv_stat_t *curr) {
  if (!poller->changed)
    poller->change.prev = poller->last;
  poller->change.curr = *curr;
  poller->status = status;
  poller->changed = true;
  if (poller->source.flows)
    fs_poll_resume(&poller->source);
}

_Static_assert(sizeof(uv_stat_t) ==
                   12 * sizeof(uint64_t) + 4 * sizeof(uv_timespec_t),
               "the fields of uv_stat_t have no padding");

/* Compares all fields except the access time and the size on disk. */
static bool is_same(const uv_stat_t *a, const uv_stat_t *b) {
  uv_stat_t like_a = *b;
  like_a.st_atim = a->st_atim;
  like_a.st_blksize = a->st_blksize;
  like_a.st_blocks = a->st_blocks;
  return memcmp(a, &like_a, sizeof(like_a)) == 0;
}

static void fs_poll_on_timer(uv_timer_t *timer);

/* Handles the result of a check. Repeated failures are reported once. */
static void looked(fs_poller_t *poller, int result, const uv_stat_t *stat) {
  static const uv_stat_t nothing;
  avow__context_t *c = poller->source.context;
  const int before = poller->result;
  poller->result = result;
  avow__alarm_set(c, &poller->alarm, poller->ms, fs_poll_on_timer);
  avow__enter(c);
  if (result < 0 && result != before)
    fs_poll_report(poller, result, &nothing);
  if (result == 0 &&
      (before < 0 || (poller->known && !is_same(&poller->last, stat))))
    fs_poll_report(poller, 0, stat);
  if (result == 0) {
    poller->last = *stat;
    poller->known = true;
  }
  avow__leave(c);
}

static void on_stat(uv_fs_t *req) {
  fs_poller_t *poller = req->data;
  const int result = (int) req->result;
  const uv_stat_t stat = req->statbuf;
  uv_fs_req_cleanup(req);
  poller->looking = false;
  poller->source.context->requests--;
  poller->source.context->pool_requests--;
  if (poller->stopped)
    avow__source_close(&poller->source, (uv_handle_t *) &poller->alarm.timer);
  else
    looked(poller, result, &stat);
}

static int fs_poll_look(fs_poller_t *poller) {
  poller->req.data = poller;
  const int err =
      uv_fs_stat(poller->alarm.timer.loop, &poller->req, poller->path, on_stat);
  if (err != 0) {
    uv_fs_req_cleanup(&poller->req);
    return err;
  }
  poller->looking = true;
  poller->source.context->requests++;
  poller->source.context->pool_requests++;
  return 0;
}

static void fs_poll_on_timer(uv_timer_t *timer) {
  fs_poller_t *poller = timer->data;
  const int err = fs_poll_look(poller);
  if (err != 0)
    looked(poller, err, NULL);
}

static void fs_poll_stop(avow__source_t *source) {
  fs_poller_t *poller = (fs_poller_t *) source;
  poller->stopped = true;
  avow__alarm_stop(&poller->alarm);
  if (poller->looking)
    (void) uv_cancel((uv_req_t *) &poller->req); /* else its result is unused */
  else
    avow__source_close(source, (uv_handle_t *) &poller->alarm.timer);
}

avow_channel_t *avow_fs_polls(uv_loop_t *loop, const char *path, uint64_t ms) {
  avow__check_ready(loop);
  if (path == NULL)
    return avow__channel_refuse(loop, UV_EINVAL, "watch", "NULL");
  const size_t size = strlen(path) + 1;
  fs_poller_t *poller = avow__source_new(loop, sizeof(*poller) + size);
  if (poller == NULL)
    return avow__channel_none(loop);
  avow__alarm_init(poller->source.context, &poller->alarm, poller);
  poller->ms = ms > 0 ? ms : 1;
  memcpy(poller->path, path, size);
  poller->source.handle = (uv_handle_t *) &poller->alarm.timer;
  poller->source.resume = fs_poll_resume;
  poller->source.stop = fs_poll_stop;
  const int err = fs_poll_look(poller);
  if (err == 0)
    return avow__channel_feed(loop, 0, &poller->source);
  fs_poll_stop(&poller->source);
  return avow__channel_refuse(loop, err, "watch", path);
}
