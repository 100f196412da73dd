/* SPDX-License-Identifier: MIT */
/*
 * Spawning, where it fails: whether the handle then is the loop's, and has to
 * be closed, is for us to find out.
 */
#include "uv/spawn.h"

#include <assert.h>

typedef struct {
  const uv_handle_t *sought;
  bool found;
} search_t;

static void spawning_look(uv_handle_t *handle, void *data) {
  search_t *search = data;
  if (handle == search->sought)
    search->found = true;
}

/* A handle that uv_spawn() could not use is the loop's in most cases (no such
   program, no process) and not in others (no pipe, on Unix). libuv does not say
   which; closing one that is not would damage the loop's list of handles. */
static bool is_in(uv_loop_t *loop, const uv_process_t *handle) {
  search_t search = { .sought = (const uv_handle_t *) handle };
  uv_walk(loop, spawning_look, &search);
  return search.found;
}

int avow__spawn(uv_loop_t *loop, uv_process_t *handle,
                const uv_process_options_t *options, bool *is_open) {
  const int err = uv_spawn(loop, handle, options);
  *is_open = true;
  if (err != 0)
    *is_open = is_in(loop, handle);
  return err;
}

int avow__signal_group(const uv_process_t *leader, int signal) {
#ifdef _WIN32
  return UV_ENOTSUP;
#else
  const uv_pid_t group = uv_process_get_pid(leader);
  assert(group > 1); /* -1 would be everybody */
  return uv_kill(-group, signal);
#endif
}
