/* SPDX-License-Identifier: MIT */
/* What a stream does when its socket can be accepted from, or read. */
#ifndef AVOW_SIM_UV_STREAM_H
#define AVOW_SIM_UV_STREAM_H

#include "sim/stream_state.h"

/* What is done when the socket is ready. */
void sim_stream_accept(sim_stream_t *stream);
void sim_stream_read(sim_stream_t *stream);

/* The end of what is read: buf goes to read_cb. */
void sim_stream_end(sim_stream_t *stream, const uv_buf_t *buf);

#endif
