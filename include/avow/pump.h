/* SPDX-License-Identifier: MIT */
/*
 * Chunks, pumps and hang-up for byte streams of any class.
 *
 * avow_chunks() returns the bytes of a stream as a channel. A pump moves the
 * bytes of one stream to another. avow_hangup() waits until the peer has hung
 * up.
 */
#ifndef AVOW_PUMP_H
#define AVOW_PUMP_H

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/**
 * Waits until the peer of `stream` receives no more.
 *
 * This is the case when the peer has reset the connection, when both directions
 * are closed, or when the last reading end of a pipe is closed. Use the promise
 * to stop work that only the peer needs. The call reads nothing.
 *
 * Over TCP, a peer that has closed its socket looks like a peer that has only
 * ended its own direction, as avow_shutdown() does, and waits for an answer.
 * The promise fulfills when such a peer answers the next write with a reset.
 *
 * @settles NONE when the peer receives no more
 * @rejects UV_EALREADY if another call waits for the hang-up of `stream`
 * @rejects UV_ECANCELED if the stream is closed
 * @rejects UV_ECANCELED if `stream` is the input of a process and is shut down
 * @rejects UV_EINVAL if the stream is closing
 * @rejects UV_ENOTSUP if `stream` is a file or its class has no hangup()
 * @rejects UV_ENOTSUP if the peer sends out-of-band data; later calls then
 *          reject with UV_ENOTSUP, too
 * @cancel  Stops waiting.
 * @platform Streams of libuv: Linux. On other systems it rejects with
 *          UV_ENOTSUP.
 * @see     POLLHUP of poll(2)
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_hangup(avow_stream_t stream);

/**
 * Reads `stream` to its end as a channel of chunks.
 *
 * The channel buffers up to `capacity` chunks. While it is full, avow does not
 * read from the stream.
 *
 * @items   BYTES, at least 1 and at most `max_bytes`
 * @fails   as avow_read() rejects
 * @fails   UV_EINVAL if `max_bytes` is 0
 * @fails   UV_EALREADY if there is another read of the stream
 * @fails   UV_ECANCELED if the stream is closed
 * @see     uv_read_start()
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_chunks(avow_stream_t stream,
                                                   size_t max_bytes,
                                                   size_t capacity);

/** Options of a pump; 0 in a field is its default. */
typedef struct avow_pump_options_s {
  /* Longest time in ms without progress. Progress is a read of some bytes, or
     written bytes that `to` has accepted. 0: no limit. The progress of a single
     write is checked only once in that time, so a stalled write may be detected
     after up to twice that time. */
  uint64_t idle;
  /* Where the pump stores the number of bytes moved so far, while the promise
     is pending. Bytes that are being written when the promise settles are not
     counted. NULL: nowhere. */
  uint64_t *moved;
  bool keep_open;       /* true: `to` is not shut down at the end of `from` */
  uint64_t reserved[4]; /* must be 0; for later versions */
} avow_pump_options_t;

/**
 * Moves the bytes of `from` to `to` until `from` ends.
 *
 * At the end, the pump shuts down `to`, unless `keep_open` is set. It reads no
 * faster than `to` accepts bytes, at most 64 KiB at a time, in constant memory.
 * If the promise rejects, neither stream is closed. If the program writes to
 * `to` meanwhile, its bytes arrive between those of `from`, at any place.
 * `options` may be NULL.
 *
 * @settles INT bytes: the number of bytes moved
 * @rejects as the read or the write that failed
 * @rejects UV_ETIMEDOUT if there was no progress for `idle` ms; see
 *          avow_is_timeout()
 * @rejects UV_EALREADY if there is another read of `from`, or another pump to
 *          `to`
 * @rejects UV_ECANCELED if one of the streams closes, or if the last reference
 *          to the value that owns it is released
 * @rejects UV_EINVAL if one of the streams is closing
 * @rejects UV_EINVAL if a reserved field is not 0
 * @rejects AVOW_EMISUSE if the streams belong to different loops
 * @cancel  Stops reading. Bytes that were read are written in the background.
 * @see     avow_shutdown()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_pump(
    avow_stream_t from, avow_stream_t to, const avow_pump_options_t *options);

AVOW_HEADER_END

#endif
