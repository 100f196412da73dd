/* SPDX-License-Identifier: MIT */
/* Replaces uv/tcp_move.c: a simulated socket moves to another handle. */
#include "sim/seam.h"

#include "sim/stream_state.h"

bool avow__tcp_has_socket(const uv_tcp_t *tcp) {
  return sim_stream_of(tcp)->socket != NULL;
}

int avow__tcp_move(uv_stream_t *from, uv_tcp_t *to) {
  sim_stream_t *source = sim_stream_of(from), *sink = sim_stream_of(to);
  if (sink->socket != NULL)
    return UV_EBUSY;
  sim_stream_take(sink, source->socket);
  sink->readable = source->readable;
  sink->writable = source->writable;
  source->socket = NULL;
  return 0;
}
