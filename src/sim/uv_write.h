/* SPDX-License-Identifier: MIT */
/* What a stream does when its socket can be written to. */
#ifndef AVOW_SIM_UV_WRITE_H
#define AVOW_SIM_UV_WRITE_H

#include "sim/stream_state.h"

/* What is done when the socket is ready. */
void sim_stream_write(sim_stream_t *stream);
void sim_stream_write_callbacks(sim_stream_t *stream);
void sim_stream_drain(sim_stream_t *stream);

/* Nothing more is written: what is left fails. */
void sim_stream_flush(sim_stream_t *stream, int err);

#endif
