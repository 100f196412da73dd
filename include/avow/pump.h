/* SPDX-License-Identifier: MIT */
/* What arrives on a stream as a channel, one stream to another, and whether the
   peer has gone: of streams of any class. */
#ifndef AVOW_PUMP_H
#define AVOW_PUMP_H

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/**
 * NONE when the peer takes no more, for whoever works for it to stop: it has
 * reset the connection, or closed both ways, or the last reader of a pipe has
 * gone (poll, POLLHUP). Reads nothing. Over TCP a peer that has closed is known
 * to have gone when it resets what is written to it next; before that it may
 * have ended its side alone, as avow_shutdown() does, and wait for the answer.
 * UV_EALREADY while another waits for that; UV_ECANCELED when the input of a
 * process is shut down. UV_ENOTSUP of files, and but on
 * Linux; or from then on when the peer sends data out of band. Cancelling stops
 * waiting.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_hangup(avow_stream_t stream);

/**
 * What arrives, as BYTES of at most max_bytes each, until the end of the stream
 * (uv_read_start). Reads nothing while the channel is full. Fails as the read
 * does, with UV_EINVAL for a max_bytes of 0, with UV_EALREADY if another reads,
 * with UV_ECANCELED when the stream is closed.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_chunks(avow_stream_t stream,
                                                   size_t max_bytes,
                                                   size_t capacity);

/** Zero in a field stands for its default. */
typedef struct avow_pump_options_s {
  uint64_t idle;        /* ms that nothing may be read nor taken for; any. A
                           part of a write is seen to be taken only so often,
                           and what then stops found after twice that */
  uint64_t *moved;      /* bytes so far, kept up while it is pending, and not
                           for what was on its way then; NULL */
  bool keep_open;       /* the other, at the end: it is not shut down */
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_pump_options_t;

/**
 * INT: the bytes moved from one stream to another until the first ended, after
 * which the other is shut down (avow_shutdown), unless it is to be kept open.
 * Reads no faster than that takes, in constant memory, 64 KiB at a time.
 * Rejects as the read or the write that failed, or with UV_ETIMEDOUT, see
 * avow_is_timeout(), when it was idle for too long; neither stream is closed.
 * UV_EALREADY if one is in use like that, AVOW_EMISUSE for streams of two
 * loops; UV_ECANCELED when one of them closes, or goes, between a read and a
 * write, too. Cancelling stops reading; what was read is written in the
 * background. What the program writes there meanwhile comes somewhere in
 * between. options may be NULL.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_pump(
    avow_stream_t from, avow_stream_t to, const avow_pump_options_t *options);

AVOW_HEADER_END

#endif
