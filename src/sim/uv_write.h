/* SPDX-License-Identifier: MIT */
/* Writing and shutting down, for the files that poll streams. */
#ifndef AVOW_SIM_UV_WRITE_H
#define AVOW_SIM_UV_WRITE_H

#include "sim/stream_state.h"

/* Called when the socket is ready. */
void sim_stream_write(sim_stream_t *stream);
void sim_stream_write_callbacks(sim_stream_t *stream);
void sim_stream_drain(sim_stream_t *stream);

/* Fails the writes that are left with `err`. */
void sim_stream_flush(sim_stream_t *stream, int err);

#endif
