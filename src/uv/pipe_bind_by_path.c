/* SPDX-License-Identifier: MIT */
/*
 * Binding with libuv's functions only, on Windows and in the simulator. Names
 * have no modes there and are never left behind, and a pipe with instances
 * listens.
 */
#include "uv/pipe_bind.h"

enum { WAITING = 511 };

int avow__pipe_bind(uv_pipe_t *pipe, const char *name,
                    const avow_bind_path_options_t *options,
                    avow__socket_name_t **out) {
  *out = NULL;
#ifdef _WIN32
  return options->mode != 0 ? UV_ENOTSUP : uv_pipe_bind(pipe, name);
#else
  const int err = uv_pipe_bind(pipe, name);
  if (err == 0)
    uv_pipe_pending_instances(pipe, WAITING);
  return err;
#endif
}

void avow__socket_name_end(avow__socket_name_t *name, bool is_open) {
  (void) name; /* there is none */
  (void) is_open;
}
