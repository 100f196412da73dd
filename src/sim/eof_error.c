/* SPDX-License-Identifier: MIT */
/* Replaces uv/eof_error.c: the simulated socket reports how its connection
   ended. */
#include "sim/seam.h"

#include "sim/stream_state.h"

int avow__how_ended(uv_stream_t *stream, int code, const uv_buf_t *buf) {
  if (code != UV_EOF)
    return code;
  const int err = sim_socket_end(sim_stream_of(stream)->socket);
  return err < 0 && err != UV_EAGAIN ? err : UV_EOF;
}

bool avow__is_master(int fd) {
  (void) fd;
  return false;
}
