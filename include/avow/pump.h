/* SPDX-License-Identifier: MIT */
/*
 * Chunks, pumps and hang-up for byte streams of any class.
 *
 * Received bytes become a channel, a pump moves the bytes of one stream to
 * another, and a promise tells that the peer has hung up.
 */
#ifndef AVOW_PUMP_H
#define AVOW_PUMP_H

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/**
 * Waits until the peer of `stream` receives no more.
 *
 * The peer has then reset the connection, closed both directions, or closed the
 * last reading end of a pipe. Use it to stop work that only the peer needs.
 * Nothing is read.
 *
 * Over TCP, a peer that has closed its socket is reported only when it resets
 * the next write to it. Until then it may have ended only its own direction, as
 * avow_shutdown() does, and wait for an answer.
 *
 * @settles NONE when the peer receives no more
 * @rejects UV_EALREADY if another call waits for the hang-up of `stream`
 * @rejects UV_ECANCELED if the stream is closed
 * @rejects UV_ECANCELED if `stream` is the input of a process and is shut down
 * @rejects UV_EINVAL if the stream is closing
 * @rejects UV_ENOTSUP if `stream` is a file or its class has no hangup()
 * @rejects UV_ENOTSUP if the peer sends out-of-band data; later calls then
 *          reject, too
 * @cancel  Stops waiting.
 * @platform Streams of libuv: Linux. On other systems it rejects with
 *          UV_ENOTSUP.
 * @see     POLLHUP of poll(2)
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_hangup(avow_stream_t stream);

/**
 * Reads `stream` to its end as a channel of chunks.
 *
 * While `capacity` chunks are buffered, nothing is read.
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
  /* Longest time in ms without progress: nothing is read, and nothing written
     is accepted. 0: no limit. Progress within one write is not observed
     continuously, so a stalled write may be detected after up to twice that
     time. */
  uint64_t idle;
  /* Number of bytes moved so far, updated while the promise is pending. Bytes
     that are on their way when it settles are not added. NULL: not needed. */
  uint64_t *moved;
  bool keep_open;       /* true: `to` is not shut down at the end of `from` */
  uint64_t reserved[4]; /* must be 0; for later versions */
} avow_pump_options_t;

/**
 * Moves the bytes of `from` to `to` until `from` ends.
 *
 * At the end, `to` is shut down, unless `keep_open` is set. The pump reads no
 * faster than `to` accepts, at most 64 KiB at a time, in constant memory. If it
 * rejects, neither stream is closed. Bytes that the program writes to `to`
 * meanwhile arrive somewhere in between. `options` may be NULL.
 *
 * @settles INT bytes: the number of bytes moved
 * @rejects as the read or the write that failed
 * @rejects UV_ETIMEDOUT if there was no progress for `idle` ms; see
 *          avow_is_timeout()
 * @rejects UV_EALREADY if there is another read of `from`, or another pump to
 *          `to`
 * @rejects UV_ECANCELED if one of the streams closes, or is released by its
 *          last owner, also between a read and a write
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
