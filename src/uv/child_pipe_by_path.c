/* SPDX-License-Identifier: MIT */
/* On Windows libuv makes the pipes. In the simulator no process can start. */
#include "uv/child_pipe.h"

int avow__child_pipe_make(uv_stdio_container_t *to, uv_pipe_t *ours) {
  to->data.stream = (uv_stream_t *) ours;
  return 0;
}

void avow__child_pipe_pass(const uv_stdio_container_t *made) {
  (void) made; /* libuv closes it */
}

void avow__child_pipe_shut(uv_stream_t *ours) {
  (void) ours; /* uv_shutdown() does that */
}
