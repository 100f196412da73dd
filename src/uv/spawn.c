/* SPDX-License-Identifier: MIT */
/*
 * Failures of uv_spawn(). This file determines whether the handle was then
 * added to the loop and must be closed.
 */
#include "uv/spawn.h"

#include <assert.h>

typedef struct {
  const uv_handle_t *sought;
  bool found;
} spawn_search_t;

static void spawning_look(uv_handle_t *handle, void *data) {
  spawn_search_t *search = data;
  if (handle == search->sought)
    search->found = true;
}

/* After most failures, such as a missing program, the handle is in the loop.
   After others, such as a missing pipe on Unix, it is not. The result does not
   show which. Closing a handle that is not in the loop would damage the loop's
   list. */
static bool is_in(uv_loop_t *loop, const uv_process_t *handle) {
  spawn_search_t search = { .sought = (const uv_handle_t *) handle };
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
  assert(group > 1); /* kill(-1) would signal all processes */
  return uv_kill(-group, signal);
#endif
}
