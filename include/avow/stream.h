/* SPDX-License-Identifier: MIT */
/*
 * Byte streams: an interface of two words, by value, to what a value owns
 * (avow_to_stream) or to a uv_tcp_t, uv_pipe_t or uv_tty_t of the program's own
 * (avow_uv_stream). It owns nothing: the stream, or its handle, has to stay in
 * memory while a promise of it is pending; avow_close() settles them first, and
 * so does letting go of the value that owns it.
 * handle->data stays the program's. What is asked of a stream that is closing
 * is refused, with UV_EINVAL if nothing else is said. uv_close() tells nobody:
 * what is pending on a handle that the program has closed so rejects, with
 * UV_ECANCELED, when the next read or avow_close() of it is refused, or with
 * the loop; avow_close() does that at once.
 */
#ifndef AVOW_STREAM_H
#define AVOW_STREAM_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/** What a kind of stream is made of: see stream_class.h. */
typedef struct avow_stream_class_s avow_stream_class_t;

/** A byte stream: what it can do, and what it does that on. All zeros is no
    stream, which the functions below report as they do NULL. */
typedef struct avow_stream_s {
  const avow_stream_class_t *klass;
  void *self;
} avow_stream_t;

/** The stream of a handle of the program's, which stays that. Allocates
    nothing, and leaves handle->data alone. */
AVOW_API avow_stream_t avow_uv_stream(uv_stream_t *handle);

/** The stream that v owns, as of avow_connect() or a process; v keeps it in
    memory, and debug builds name what is used without. */
AVOW_API avow_stream_t avow_to_stream(const avow_value_t *v);

/** The handle below a stream, a uv_tcp_t or another, for what libuv can do with
    it; NULL of a stream that has none. */
AVOW_API uv_stream_t *avow_stream_handle(avow_stream_t stream);

/**
 * NONE once connected (uv_tcp_connect). Rejects with UV_ECONNREFUSED,
 * UV_ETIMEDOUT, …; the handle must still be closed then. UV_EALREADY while it
 * connects. A handle that is connected stays so: this rejects with UV_EISCONN,
 * or fulfills the first time. Cancelling does not stop the attempt: close the
 * handle.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_tcp_connect(
    uv_tcp_t *tcp, const struct sockaddr *address);

/**
 * NONE once connected to the Unix domain socket or Windows pipe of that name.
 * One that is too long is never cut but refused with UV_ENAMETOOLONG, as
 * uv_pipe_connect2() can; UV_EALREADY while it connects; UV_EISCONN if it is
 * connected, which it stays. Cancelling does not stop the attempt: close the
 * handle. On Linux a full backlog of the server rejects at once with UV_EAGAIN:
 * try again later.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_pipe_connect(uv_pipe_t *pipe,
                                                         const char *name);

/**
 * BYTES: what arrived next, at least 1 and at most max_bytes; NONE at the end
 * of the stream (uv_read_start). No more than 64 KiB at a time. UV_EINVAL for a
 * max_bytes of 0; UV_ENOTCONN for a stream that cannot be read, such as the
 * write end of a pipe; UV_EALREADY if a read is pending, also one of the
 * program's own, and while a pump, a reader or another of these verbs is at it,
 * which goes on. Cancelling stops reading; nothing that was read is lost.
 * Nothing is read that nobody asked for, which holds the peer back; what came
 * in the meantime may be taken at once. Between two reads libuv may watch the
 * stream on, which keeps no loop alive: to read with uv_read_start() then, call
 * uv_read_stop() first. A peer that resets the connection is UV_ECONNRESET to
 * whichever of these verbs reads then, and no end, whatever came just before
 * (recv); but the system says so once, to a write if that comes first.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_read(avow_stream_t stream,
                                                 size_t max_bytes);

/**
 * INT: how many bytes are in the buffer, at least min and at most max, without
 * being copied (uv_read_start); fewer, or 0, only at the end of the stream.
 * UV_EINVAL if min is 0 or more than max; otherwise rejects as avow_read_all().
 * The buffer is the program's again, to be read or freed, once this has
 * settled: when cancelled that is at once. What had come by then to a min of
 * more than 1 is lost, for nobody says how much it is.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_read_into(avow_stream_t stream,
                                                      void *buffer, size_t min,
                                                      size_t max);

/**
 * BYTES: all that comes until the end of the stream (uv_read_start).
 * UV_EMSGSIZE if that is more than max_bytes, UV_ECANCELED when the stream
 * closes before; otherwise rejects as avow_read(), with UV_EALREADY also while
 * another of these verbs is at it. Cancelling stops reading; what was read is
 * lost. For a limit on how long nothing comes there is avow_reader_all().
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_read_all(avow_stream_t stream,
                                                     size_t max_bytes);

/**
 * INT: bytes written, always all of them. Takes BYTES, or a LIST of them that
 * is written in one go without being put together. Tries at once and queues
 * what the system would not take (uv_try_write, uv_write). Cancelling does not
 * take anything back: what is queued is written in the background. After a
 * rejection it is unknown how much went out: close the stream. UV_EINVAL for
 * other values, UV_E2BIG for a LIST of more bytes than a size_t can say,
 * UV_EPIPE after avow_shutdown() and for a stream that cannot be written to.
 * As with libuv itself, ignore SIGPIPE, which ends a program that writes to a
 * peer that has hung up: signal(SIGPIPE, SIG_IGN). Debug builds say so at the
 * first write if nobody does.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_write(avow_stream_t stream,
                                                  avow_value_t bytes);

/**
 * NONE when all queued writes are out and the sending side is closed
 * (uv_shutdown); UV_ENOTCONN if there is none. A pipe(2) or a terminal has no
 * such side by itself: who reads there reads the end once it is closed, by all
 * who have it. But the input of a process ends. Cancelling does not stop it.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_shutdown(avow_stream_t stream);

/**
 * NONE when the stream is closed, and its memory may be reused. All
 * that is pending on it settles before, reads and writes with UV_ECANCELED.
 * UV_EALREADY if it is closing. What a value owns keeps its memory. Cannot be
 * cancelled; see avow_close_handle().
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_close(avow_stream_t stream);

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
