/* SPDX-License-Identifier: MIT */
/*
 * Readers: a stream in pieces that the program names (uv_read_start). What was
 * read beyond a piece stays in the reader for the next one, so a stream with a
 * reader is read through that alone. Cancelling loses nothing, nor does a piece
 * that is too long: what has arrived is there for whoever asks next. When the
 * stream has failed, whoever asks for more than that hears of it again.
 *
 * The reader remembers failures of libuv's streams. A stream class of the
 * program must reject each read after a failure that ends the stream.
 */
#ifndef AVOW_READER_H
#define AVOW_READER_H

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/** A reader, which has one owner. */
typedef struct avow_reader_s avow_reader_t;

/**
 * A reader of the stream, which has to stay in memory while a promise of the
 * reader is pending; that rejects with UV_ECANCELED when the stream closes, or
 * goes with its value. Never NULL: without memory all that is asked of it
 * rejects with UV_ENOMEM. One promise at a time: UV_EALREADY while another is
 * pending, or the stream is read otherwise. A canceled promise is pending until
 * the loop has run its jobs.
 */
AVOW_API AVOW_MUST_USE avow_reader_t *avow_reader_new(avow_stream_t stream);

/**
 * From here on whatever is asked for rejects with UV_ETIMEDOUT, see
 * avow_is_timeout(), when nothing has come for so many ms while it waits; what
 * has come by then stays, and whatever comes sets the limit back. 0, as at
 * first: never.
 */
AVOW_API void avow_reader_set_idle(avow_reader_t *r, uint64_t ms);

/** BYTES: what is there, or comes next, at least 1 and at most max_bytes; NONE
    at the end of the stream. UV_EINVAL for a max_bytes of 0. */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_next(const avow_reader_t *r,
                                                        size_t max_bytes);

/**
 * BYTES: the next n, of which 0 are there at once; NONE at the end of the
 * stream. If that comes sooner: UV_EOF, with what was left, as BYTES, as its
 * cause.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_exactly(
    const avow_reader_t *r, size_t n);

/**
 * BYTES: what comes before the delimiter, which is taken as well; NONE at the
 * end of the stream. Takes the delimiter, BYTES, at least one, else UV_EINVAL.
 * If the stream ends without it: UV_EOF, with what was left as its cause.
 * UV_EMSGSIZE if more than max_bytes come before it; they stay.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_until(const avow_reader_t *r,
                                                         avow_value_t delimiter,
                                                         size_t max_bytes);

/**
 * BYTES: the next line, without its "\n" or "\r\n"; NONE at the end of the
 * stream, before which the last line may have no end. UV_EMSGSIZE if it has
 * more than max_bytes; they stay.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_line(const avow_reader_t *r,
                                                        size_t max_bytes);

/** BYTES: all that is left until the end of the stream, which may be none.
    UV_EMSGSIZE as soon as that is more than max_bytes; they stay. */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_all(const avow_reader_t *r,
                                                       size_t max_bytes);

/** Lets go of r, which may be NULL. */
AVOW_API void avow_reader_unref(avow_reader_t *r);

AVOW_HEADER_END

#endif
