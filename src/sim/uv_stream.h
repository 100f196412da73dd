/* SPDX-License-Identifier: MIT */
/* Accepting connections and reading, for the files that poll streams. */
#ifndef AVOW_SIM_UV_STREAM_H
#define AVOW_SIM_UV_STREAM_H

#include "sim/stream_state.h"

/* Called when the socket is ready. */
void sim_stream_accept(sim_stream_t *stream);
void sim_stream_read(sim_stream_t *stream);

/* Reports the end of the stream. `buf` is passed to read_cb. */
void sim_stream_end(sim_stream_t *stream, const uv_buf_t *buf);

#endif
