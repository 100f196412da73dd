/* Byte streams. */
#ifndef AVOW_STREAM_PRIVATE_H
#define AVOW_STREAM_PRIVATE_H

#include "avow/stream.h"

/* The loop of a stream that there is. */
uv_loop_t *avow__stream_loop(avow_stream_t stream);

#endif
