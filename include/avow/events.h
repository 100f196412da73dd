/* SPDX-License-Identifier: MIT */
/*
 * What happens again and again, as channels: signals, readiness of sockets,
 * changes of files. A channel stops listening when its last reference goes, or
 * by avow_channel_close(); it keeps the loop alive only while somebody waits
 * for an item. avow_channel_first() is for what shall happen once. A path that
 * is NULL is UV_EINVAL.
 */
#ifndef AVOW_EVENTS_H
#define AVOW_EVENTS_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/**
 * INTs: the number of the signal, from now on (uv_signal_start; with
 * avow_channel_first() the next, uv_signal_start_oneshot). As in the kernel, a
 * signal that comes several times before it is taken comes once. UV_EINVAL for
 * one that cannot be caught.
 *
 * libuv queues the signals of a loop in a pipe until the loop polls. While the
 * pipe is full, which takes thousands of signals, further ones are lost.
 *
 * libuv sets the default action when the last watcher of the signal in the
 * process stops, even if the program ignored or handled the signal before. A
 * program that needs SIGPIPE ignored then calls signal() again. A signal that
 * all threads block never arrives. Do not watch SIGSEGV, SIGBUS, SIGFPE or
 * SIGILL: a process with such a fault hangs instead of ending.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_signals(uv_loop_t *loop,
                                                    int signum);

/**
 * INTs: which of the events (UV_READABLE, UV_WRITABLE, …) the socket is ready
 * for (uv_poll_start). It is asked only while somebody waits: whoever takes an
 * item has all the time to read before the next. May be wrong at times: read
 * without blocking. One watcher a socket; it stays the program's, who closes it
 * after the channel, never before: libuv aborts when what it asks about is no
 * open descriptor. UV_EINVAL for no events, UV_EEXIST, UV_EPERM for a regular
 * file, UV_EBADF.
 *
 * A socket with an error, such as a refused connect, is ready for all events
 * asked for. The next call of the program on the socket gets the error. libuv
 * sets O_NONBLOCK, which belongs to all processes that share the open file. The
 * socket keeps that flag when the channel is closed.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_polls(uv_loop_t *loop,
                                                  uv_os_sock_t socket,
                                                  int events);

/** What happened to a file, or in a folder. */
typedef struct avow_fs_event_s {
  const char *name; /* relative to the folder; the last part of the path if the
                       event is about what the path leads to; NULL if the system
                       does not say */
  int events;       /* UV_RENAME, UV_CHANGE; Linux: of a folder that changes its
                       mode or its times, both */
} avow_fs_event_t;

/**
 * OBJECTs, for avow_to_fs_event(): what happens to the path, from now on. The
 * path leads to a file or a folder, also through symbolic links. When another
 * file replaces it, as avow_replace_file() does, an item has UV_RENAME, and
 * the channel goes on with the new file. When nothing is at the path any more,
 * the channel fails with UV_ENOENT behind the item that says so. An item comes
 * once the new file is watched: what you read then, later items keep up to
 * date.
 *
 * The channel does not hear when a folder further up the path is renamed, or
 * when a symbolic link gets another target. At each change of the file itself
 * the channel looks the path up again, and goes on with the file that is there
 * then. A relative path starts from the current directory of that moment. A
 * program that calls chdir() must pass an absolute path.
 *
 * An item without a name stands for several events, or for events that were
 * lost: look for yourself. It comes where more than 256 items are not taken
 * yet, and on all channels of a loop when one turn of the loop brings 8,192
 * events. Linux then may have dropped some: by default it keeps 16,384 for a
 * loop (fs.inotify.max_queued_events).
 *
 * flags are those of uv_fs_event_start(). UV_ENOTSUP for a flag that libuv
 * ignores: all but UV_FS_EVENT_RECURSIVE on Windows and macOS. UV_ENOENT,
 * UV_ENOSPC where a user may not watch more. On Linux, UV_EACCES if the user
 * may not read the file or the folder. UV_EMFILE if the user has too many
 * inotify instances (fs.inotify.max_user_instances); each loop that watches
 * needs one.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_fs_events(uv_loop_t *loop,
                                                      const char *path,
                                                      unsigned flags);

/** What such an item says; the value keeps it alive. */
AVOW_API const avow_fs_event_t *avow_to_fs_event(const avow_value_t *v);

/**
 * What a file was like before a change, and after it. prev is all zeros if no
 * look has found the file before. A new time of the last read is no change.
 */
typedef struct avow_fs_change_s {
  uv_stat_t prev, curr;
} avow_fs_change_t;

/**
 * OBJECTs, for avow_to_fs_change(): what changed of the path, which is looked
 * at now and then every ms milliseconds (as by uv_fs_poll_start); 0 stands for
 * 1. Changes that are not taken yet become one, from the first's prev to the
 * last's curr. While it cannot be looked at, one item rejects with the reason,
 * such as UV_ENOENT. A relative path starts from the current directory at each
 * look.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_fs_polls(uv_loop_t *loop,
                                                     const char *path,
                                                     uint64_t ms);

/** What such an item says; the value keeps it alive. */
AVOW_API const avow_fs_change_t *avow_to_fs_change(const avow_value_t *v);

AVOW_HEADER_END

#endif
