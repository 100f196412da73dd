/* SPDX-License-Identifier: MIT */
/*
 * What the system tells of files and folders. To stop listening would lose
 * events, so a slow consumer gets those beyond the room as one.
 */
#include <string.h>

#include "avow/events.h"
#include "channel/channel.h"
#include "io/op.h"

enum { ROOM = 256 };

typedef struct {
  avow__source_t source;
  uv_fs_event_t handle;
  int beyond; /* events that found no room */
  char path[];
} watcher_t;

static const avow_class_t event_class = { .name = "fs_event" };

const avow_fs_event_t *avow_to_fs_event(const avow_value_t *v) {
  return avow_to_object(v, &event_class);
}

static avow_value_t event_new(const char *name, int events) {
  void *self;
  const size_t size = name != NULL ? strlen(name) + 1 : 0;
  avow_fs_event_t *event;
  const avow_value_t v =
      avow__object_inline(&event_class, sizeof(*event) + size, &self);
  if (avow_is_error(&v))
    return v;
  event = self;
  event->name = name != NULL ? memcpy(event + 1, name, size) : NULL;
  event->events = events;
  return v;
}

static void fs_event_resume(avow__source_t *source) {
  watcher_t *watcher = (watcher_t *) source;
  const int events = watcher->beyond;
  watcher->beyond = 0;
  if (events != 0)
    (void) avow__channel_push(source->channel, event_new(NULL, events));
}

static void on_event(uv_fs_event_t *handle, const char *name, int events,
                     int status) {
  watcher_t *watcher = handle->data;
  avow__source_t *source = &watcher->source;
  avow__context_t *c = source->context;
  avow__enter(c);
  if (status < 0)
    avow_channel_fail(source->channel,
                      avow__error_of(status, "watch", watcher->path));
  else if (source->flows)
    (void) avow__channel_push(source->channel, event_new(name, events));
  else
    watcher->beyond |= events;
  avow__leave(c);
}

static void fs_event_stop(avow__source_t *source) {
  avow__source_close(source, (uv_handle_t *) &((watcher_t *) source)->handle);
}

avow_channel_t *avow_fs_events(uv_loop_t *loop, const char *path,
                               unsigned flags) {
  if (path == NULL)
    return avow__channel_refuse(loop, UV_EINVAL, "watch", "NULL");
  const size_t size = strlen(path) + 1;
  watcher_t *watcher = avow__source_new(loop, sizeof(*watcher) + size);
  if (watcher == NULL)
    return avow__channel_none(loop);
  (void) uv_fs_event_init(loop, &watcher->handle); /* cannot fail */
  watcher->handle.data = watcher;
  memcpy(watcher->path, path, size);
  watcher->source.handle = (uv_handle_t *) &watcher->handle;
  watcher->source.resume = fs_event_resume;
  watcher->source.stop = fs_event_stop;
  const int err = uv_fs_event_start(&watcher->handle, on_event, path, flags);
  if (err == 0)
    return avow__channel_feed(loop, ROOM, &watcher->source);
  fs_event_stop(&watcher->source);
  return avow__channel_refuse(loop, err, "watch", path);
}
