/* SPDX-License-Identifier: MIT */
/*
 * Watches files and folders for changes. If the source stopped watching while
 * its channel is full, events would be lost. So the events that exceed the
 * capacity are combined into one.
 *
 * Linux and the BSDs watch the file that the path led to. They do not report
 * that the path now leads to another file. So after each event of the file
 * itself, the path is watched again before the event is passed on. A program
 * that then looks at the file is told of all later events. If the file is the
 * same, so is the watch.
 *
 * Linux drops events when its queue is full, and libuv does not report that. So
 * if one iteration delivers half of that queue's capacity, all watchers of the
 * loop are told that events may be lost.
 */
#include <string.h>

#include "avow/fs.h"
#include "channel/channel.h"
#include "uv/fs.h"

enum { PATH_ROOM = 256 };

/* The default of fs.inotify.max_queued_events. Handles that the program itself
   uses take part of the queue, which avow cannot see. */
enum { QUEUE = 16384, FLOOD = QUEUE / 2 };

#if defined(_WIN32) || defined(__APPLE__)
enum { FLAGS = UV_FS_EVENT_RECURSIVE };
#else
enum { FLAGS = 0 };
#endif

/* On Linux, all handles for one file have the same string. */
#ifdef __linux__
enum { PATH_TELLS_FILE = 1 };
#else
enum { PATH_TELLS_FILE = 0 };
#endif

typedef struct {
  avow__source_t source;
  uv_fs_event_t handle;
  int beyond; /* events that exceeded the capacity */
  char path[];
} watcher_t;

static const avow_class_t event_class = { .name = "fs_event" };

const avow_fs_event_t *avow_to_fs_event(const avow_value_t *v) {
  return avow__to_object(v, &event_class);
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
                     int status);

static void pass_on(watcher_t *watcher, const char *name, int events) {
  avow__source_t *source = &watcher->source;
  if (source->flows)
    (void) avow__channel_push(source->channel, event_new(name, events));
  else
    watcher->beyond |= events;
}

static void fs_event_fail(watcher_t *watcher, int code) {
  avow__source_t *source = &watcher->source;
  if (!source->unwanted) /* else an item failed for lack of memory */
    avow_channel_fail(source->channel,
                      avow__error_of(code, "watch", watcher->path));
}

/* Lost events. */

static void tell_of_losses(uv_handle_t *handle, void *data) {
  const bool ours = handle->type == UV_FS_EVENT && !uv_is_closing(handle) &&
                    ((uv_fs_event_t *) handle)->cb == on_event;
  watcher_t *watcher = ours ? handle->data : NULL;
  if (ours && !watcher->source.unwanted)
    pass_on(watcher, NULL, UV_RENAME | UV_CHANGE);
}

static void count_event(avow__context_t *c) {
  avow__files_t *files = avow__files_of(c);
  if (files->events_iteration != c->budget.iteration)
    files->events = 0;
  files->events_iteration = c->budget.iteration;
  if (++files->events == FLOOD)
    uv_walk(c->loop, tell_of_losses, NULL);
}

/* Other files at the path. */

static const char *last_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

#if defined(_WIN32) || defined(__APPLE__)

static bool is_of_itself(const watcher_t *watcher, const char *name) {
  return false; /* these systems watch the path */
}

#else

/* If the system gives no name, libuv gives the last part of the path that was
   watched first, if several paths lead to the file. */
static bool is_of_itself(const watcher_t *watcher, const char *name) {
  return strcmp(name, last_name(watcher->handle.path)) == 0;
}

#endif

/* Watches the file that the path leads to now. When called in a callback of the
   handle, libuv keeps the watch of an unchanged file, with its queued events.
 */
static int watch_anew(watcher_t *watcher, int *events) {
  uv_fs_event_t *handle = &watcher->handle;
  const char *before = handle->path;
  (void) uv_fs_event_stop(handle); /* cannot fail */
  const int err = uv_fs_event_start(handle, on_event, watcher->path, 0);
  if (PATH_TELLS_FILE && handle->path != before)
    *events |= UV_RENAME;
  return err;
}

static void heard_of(watcher_t *watcher, const char *name, int events) {
  int err = 0;
  if (name != NULL && is_of_itself(watcher, name)) {
    name = last_name(watcher->path); /* libuv may have freed the name */
    err = watch_anew(watcher, &events);
  }
  pass_on(watcher, name, events);
  if (err != 0)
    fs_event_fail(watcher, err);
}

static void on_event(uv_fs_event_t *handle, const char *name, int events,
                     int status) {
  watcher_t *watcher = handle->data;
  avow__context_t *c = watcher->source.context;
  avow__enter(c);
  if (status < 0)
    fs_event_fail(watcher, status);
  else
    heard_of(watcher, name, events);
  count_event(c);
  avow__leave(c);
}

static void fs_event_stop(avow__source_t *source) {
  avow__source_close(source, (uv_handle_t *) &((watcher_t *) source)->handle);
}

avow_channel_t *avow_fs_events(uv_loop_t *loop, const char *path,
                               unsigned flags) {
  avow__check_ready(loop);
  if (path == NULL)
    return avow__channel_refuse(loop, UV_EINVAL, "watch", "NULL");
  if ((flags & ~(unsigned) FLAGS) != 0)
    return avow__channel_refuse(loop, UV_ENOTSUP, "watch", path);
  const size_t size = strlen(path) + 1;
  watcher_t *watcher = NULL;
  if (avow__files_open(avow__context_of(loop)) != NULL)
    watcher = avow__source_new(loop, sizeof(*watcher) + size);
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
    return avow__channel_feed(loop, PATH_ROOM, &watcher->source);
  fs_event_stop(&watcher->source);
  return avow__channel_refuse(loop, err, "watch", path);
}
