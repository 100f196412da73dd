/* SPDX-License-Identifier: MIT */
/* The list of all files that define functions of libuv; see SIM_ANCHOR(). */
#include "sim/link_anchors.h"

extern const char sim_at_async;
extern const char sim_at_clock;
extern const char sim_at_dirs;
extern const char sim_at_fileno;
extern const char sim_at_fs;
extern const char sim_at_fs_req;
extern const char sim_at_getaddrinfo;
extern const char sim_at_handle;
extern const char sim_at_locks;
extern const char sim_at_loop;
extern const char sim_at_pipe;
extern const char sim_at_refused;
extern const char sim_at_signal;
extern const char sim_at_stream;
extern const char sim_at_tcp;
extern const char sim_at_timer;
extern const char sim_at_watchers;
extern const char sim_at_work;
extern const char sim_at_write;

const char *const sim_anchors[] = {
  &sim_at_async,    &sim_at_clock,  &sim_at_dirs,        &sim_at_fileno,
  &sim_at_fs,       &sim_at_fs_req, &sim_at_getaddrinfo, &sim_at_handle,
  &sim_at_locks,    &sim_at_loop,   &sim_at_pipe,        &sim_at_refused,
  &sim_at_signal,   &sim_at_stream, &sim_at_tcp,         &sim_at_timer,
  &sim_at_watchers, &sim_at_work,   &sim_at_write,
};
