/* SPDX-License-Identifier: MIT */
/* Channels of chunks of a stream of any class. */
#ifndef AVOW_CLASS_CHANNEL_H
#define AVOW_CLASS_CHANNEL_H

#include "avow/channel.h"
#include "avow/stream.h"

/* Implements avow_chunks() for a stream that libuv does not read. */
avow_channel_t *avow__pull_chunks(avow_stream_t stream, size_t max_bytes,
                                  size_t room);

#endif
