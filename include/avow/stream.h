/* SPDX-License-Identifier: MIT */
/*
 * Byte streams. An avow_stream_t is two words, passed by value. It refers to a
 * stream that a value owns (avow_to_stream()) or to a uv_tcp_t, uv_pipe_t or
 * uv_tty_t of the program (avow_uv_stream()). It owns nothing. The stream or
 * its handle must stay in memory while a promise of it is pending. Before a
 * stream closes, avow settles its pending promises: in avow_close(), and when
 * the value that owns the stream is released. avow does not use handle->data.
 *
 * On a stream that is closing, a function rejects with UV_EINVAL unless its
 * description names another code. avow is not told when the program calls
 * uv_close() itself. Pending promises then reject with UV_ECANCELED when the
 * next read or avow_close() of the handle is refused, or when the loop closes.
 * avow_close() rejects them at once.
 *
 * avow reads only while a promise asks for bytes, which slows down the peer.
 * Between two reads libuv may watch the stream; that does not keep the loop
 * alive. Call uv_read_stop() before you use uv_read_start() on such a handle.
 * Bytes that arrived in the meantime may fulfill the next read at once.
 *
 * The system reports that a peer reset the connection only once: to the next
 * read, or to a write if that comes first.
 *
 * A reader returns a stream in pieces: lines, or bytes up to a delimiter. It
 * keeps the bytes that follow a piece for the next call, so use no other
 * function to read that stream. A canceled call loses no bytes, and neither
 * does a piece that is too long: they stay in the reader. After a stream of
 * libuv has failed, each call that needs more bytes than the reader holds
 * rejects with the code of that failure. A stream class of the program must
 * itself reject each read after a failure that ends the stream.
 */
#ifndef AVOW_STREAM_H
#define AVOW_STREAM_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/** The functions that implement a kind of stream; see stream_class.h. */
typedef struct avow_stream_class_s avow_stream_class_t;

/**
 * A byte stream: its functions, and the object that they work on.
 *
 * A struct of zeros is no stream. To pass it is misuse, as it is for NULL.
 */
typedef struct avow_stream_s {
  const avow_stream_class_t *klass;
  void *self;
} avow_stream_t;

/**
 * Refers to `handle`, which stays the program's, as a stream.
 *
 * Allocates nothing and does not use handle->data.
 */
AVOW_API avow_stream_t avow_uv_stream(uv_stream_t *handle);

/**
 * Refers to the stream that `v` owns, such as a result of avow_connect().
 *
 * `v` keeps the stream in memory. Checked builds report the use of a stream
 * whose value was released.
 *
 * @returns the stream; valid until the last reference to `v` is released
 */
AVOW_API avow_stream_t avow_to_stream(const avow_value_t *v);

/**
 * Gets the libuv handle below `stream`.
 *
 * @returns the handle, such as a uv_tcp_t; NULL if the stream has none. Valid
 *          as long as the stream.
 */
AVOW_API uv_stream_t *avow_stream_handle(avow_stream_t stream);

/**
 * Connects `tcp` to `address`.
 *
 * After a rejection the caller must still close the handle. A handle that is
 * connected stays connected.
 *
 * @settles NONE when the handle is connected; the first call on a handle that
 *          is already connected may fulfill, too
 * @rejects UV_ECONNREFUSED, UV_ETIMEDOUT, … if the system cannot connect
 * @rejects UV_EALREADY if the handle is connecting
 * @rejects UV_EISCONN if the handle is connected
 * @rejects UV_EINVAL if `address` is NULL
 * @cancel  Rejects the promise; the attempt goes on. Close the handle to stop
 *          it.
 * @see     uv_tcp_connect()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_tcp_connect(
    uv_tcp_t *tcp, const struct sockaddr *address);

/**
 * Connects `pipe` to the Unix domain socket or Windows pipe `name`.
 *
 * @settles NONE when the handle is connected
 * @rejects UV_ENAMETOOLONG if `name` is too long; it is never truncated
 * @rejects UV_EALREADY if the handle is connecting
 * @rejects UV_EISCONN if the handle is connected, which it stays
 * @rejects UV_EAGAIN if the backlog of the server is full, on Linux; try again
 *          later
 * @rejects UV_EINVAL if `name` is NULL or empty
 * @rejects as connect(2) fails
 * @cancel  Rejects the promise; the attempt goes on. Close the handle to stop
 *          it.
 * @see     uv_pipe_connect2()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_pipe_connect(uv_pipe_t *pipe,
                                                         const char *name);

/**
 * Reads the next bytes that arrive.
 *
 * @settles BYTES, at least 1 and at most `max_bytes` or 64 KiB; NONE at the end
 *          of the stream
 * @rejects UV_EINVAL if `max_bytes` is 0
 * @rejects UV_ENOTCONN if the stream cannot be read, such as the write end of a
 *          pipe
 * @rejects UV_ENOTSUP if the stream's class cannot read
 * @rejects UV_EALREADY if a read is pending, including a uv_read_start() of the
 *          program, or while a pump or a reader uses the stream; that goes on
 * @rejects UV_ECONNRESET if the peer reset the connection; that is never
 *          reported as the end of the stream
 * @rejects UV_ECANCELED if the stream closes
 * @cancel  Stops reading. No byte that was read is lost.
 * @see     uv_read_start(), recv(2)
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_read(avow_stream_t stream,
                                                 size_t max_bytes);

/**
 * Reads at least `min` and at most `max` bytes into `buffer`.
 *
 * libuv writes to `buffer` directly, without a copy. The caller must not read
 * or free `buffer` until the promise has settled.
 *
 * @settles INT bytes; fewer than `min`, or 0, only at the end of the stream
 * @rejects UV_EINVAL if `min` is 0 or more than `max`
 * @rejects UV_ENOTCONN if the stream cannot be read
 * @rejects UV_ENOTSUP if the stream's class cannot read
 * @rejects UV_EALREADY if another read of the stream is pending, or a pump or a
 *          reader uses it
 * @rejects UV_ECONNRESET if the peer resets the connection
 * @rejects UV_ECANCELED if the stream closes
 * @cancel  Stops reading; on a stream of libuv the promise settles at once.
 *          With a `min` of more than 1, bytes that were read are lost.
 * @see     uv_read_start()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_read_into(avow_stream_t stream,
                                                      void *buffer, size_t min,
                                                      size_t max);

/**
 * Reads all bytes until the end of the stream.
 *
 * avow_reader_all() can limit how long no bytes arrive.
 *
 * @settles BYTES
 * @rejects UV_EMSGSIZE if there are more than `max_bytes`
 * @rejects UV_ENOTCONN if the stream cannot be read
 * @rejects UV_ENOTSUP if the stream's class cannot read
 * @rejects UV_EALREADY if another read of the stream is pending, or a pump or a
 *          reader uses it
 * @rejects UV_ECONNRESET if the peer resets the connection
 * @rejects UV_ECANCELED if the stream closes
 * @cancel  Stops reading. The bytes that were read are lost.
 * @see     uv_read_start()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_read_all(avow_stream_t stream,
                                                     size_t max_bytes);

/**
 * Writes all of `bytes`: BYTES, or a LIST of BYTES.
 *
 * A LIST is written at once, without a copy into one buffer. avow tries to
 * write within the call and queues what the system does not accept. After a
 * rejection it is unknown how many bytes were written: close the stream.
 *
 * As with libuv, a write to a peer that closed the connection may raise
 * SIGPIPE, which ends the program. Ignore it with signal(SIGPIPE, SIG_IGN).
 * Checked builds report at the first write if the program does not.
 *
 * @settles INT bytes, always all of them
 * @rejects UV_EINVAL if `bytes` is another value
 * @rejects UV_E2BIG if a LIST has more bytes than a size_t can count
 * @rejects UV_EPIPE after avow_shutdown(), or if the stream cannot be written
 *          to
 * @rejects UV_ENOTSUP if the stream's class cannot write
 * @rejects UV_ECANCELED if the stream closes
 * @cancel  Rejects the promise. Queued bytes are still written.
 * @see     uv_try_write(), uv_write()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_write(avow_stream_t stream,
                                                  avow_value_t bytes);

/**
 * Closes the sending side after all queued writes.
 *
 * A pipe(2) or a terminal has no sending side of its own. Its reader reads the
 * end only when all who have it open have closed it. The standard input of a
 * process does end.
 *
 * @settles NONE when the queued writes are done and the sending side is closed
 * @rejects UV_ENOTCONN if there is no sending side or the stream is closing
 * @rejects UV_ENOTSUP if the stream's class cannot shut down
 * @rejects UV_ECANCELED if the stream closes
 * @cancel  Rejects the promise; the shutdown goes on.
 * @see     uv_shutdown()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_shutdown(avow_stream_t stream);

/**
 * Closes the stream.
 *
 * All promises pending on the stream settle first: reads and writes reject with
 * UV_ECANCELED. If a value owns the stream, the value keeps its memory. See
 * avow_close_handle() for handles of other kinds.
 *
 * @settles NONE when the stream is closed and its memory may be reused
 * @rejects UV_EALREADY if the stream is closing
 * @rejects UV_ENOTSUP if the stream's class has no close function
 * @cancel  Has no effect.
 * @see     uv_close()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_close(avow_stream_t stream);

/** A reader of a stream in pieces, with one owner. */
typedef struct avow_reader_s avow_reader_t;

/**
 * Creates a reader of `stream`; never returns NULL.
 *
 * The stream must stay in memory while a promise of the reader is pending. That
 * promise rejects with UV_ECANCELED when the stream closes or the value that
 * owns the stream is released. A reader has one promise at a time. A canceled
 * promise is pending until the loop has run its jobs.
 *
 * @returns the reader; if there is no memory for it, a reader whose functions
 *          reject with UV_ENOMEM
 */
AVOW_API AVOW_MUST_USE avow_reader_t *avow_reader_new(avow_stream_t stream);

/**
 * Limits how long a later call of a reader function waits for bytes.
 *
 * Such a call rejects with UV_ETIMEDOUT if no bytes arrive for `ms`
 * milliseconds while it waits; see avow_is_timeout(). Each byte that arrives
 * starts the time again. Bytes that have arrived stay in the reader. With 0,
 * the default, there is no limit.
 */
AVOW_API void avow_reader_set_idle(avow_reader_t *r, uint64_t ms);

/**
 * Reads the bytes that the reader holds, or the next that arrive.
 *
 * @settles BYTES, at least 1 and at most `max_bytes`; NONE at the end of the
 *          stream
 * @rejects UV_EINVAL if `max_bytes` is 0
 * @rejects UV_EALREADY if another call of the reader or another read of the
 *          stream is pending
 * @rejects UV_ETIMEDOUT after the time of avow_reader_set_idle()
 * @rejects UV_ECANCELED if the stream closes
 * @rejects as avow_read() if the stream fails
 * @cancel  Stops reading. No bytes are lost.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_next(const avow_reader_t *r,
                                                        size_t max_bytes);

/**
 * Reads exactly `n` bytes.
 *
 * With an `n` of 0 the promise fulfills at once, with empty BYTES.
 *
 * @settles BYTES, `n` of them; NONE at the end of the stream
 * @rejects UV_EOF if the stream ends after fewer bytes; the cause of the error
 *          is these bytes, as BYTES
 * @rejects UV_EALREADY if another call of the reader or another read of the
 *          stream is pending
 * @rejects UV_ETIMEDOUT after the time of avow_reader_set_idle()
 * @rejects UV_ECANCELED if the stream closes
 * @rejects as avow_read() if the stream fails
 * @cancel  Stops reading. No bytes are lost.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_exactly(
    const avow_reader_t *r, size_t n);

/**
 * Reads the bytes before `delimiter`, and removes the delimiter.
 *
 * Takes ownership of `delimiter`.
 *
 * @settles BYTES, without the delimiter; NONE at the end of the stream
 * @rejects UV_EINVAL if `delimiter` is not BYTES of at least one byte
 * @rejects UV_EOF if the stream ends without the delimiter; the cause of the
 *          error is the remaining bytes, as BYTES
 * @rejects UV_EMSGSIZE if more than `max_bytes` come before the delimiter; they
 *          stay in the reader
 * @rejects UV_EALREADY if another call of the reader or another read of the
 *          stream is pending
 * @rejects UV_ETIMEDOUT after the time of avow_reader_set_idle()
 * @rejects UV_ECANCELED if the stream closes
 * @rejects as avow_read() if the stream fails
 * @cancel  Stops reading. No bytes are lost.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_until(const avow_reader_t *r,
                                                         avow_value_t delimiter,
                                                         size_t max_bytes);

/**
 * Reads the next line, and removes its "\n" or "\r\n".
 *
 * The last line of the stream may have neither.
 *
 * @settles BYTES, without the end of the line; NONE at the end of the stream
 * @rejects UV_EMSGSIZE if the line has more than `max_bytes`; they stay in the
 *          reader
 * @rejects UV_EALREADY if another call of the reader or another read of the
 *          stream is pending
 * @rejects UV_ETIMEDOUT after the time of avow_reader_set_idle()
 * @rejects UV_ECANCELED if the stream closes
 * @rejects as avow_read() if the stream fails
 * @cancel  Stops reading. No bytes are lost.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_line(const avow_reader_t *r,
                                                        size_t max_bytes);

/**
 * Reads all remaining bytes until the end of the stream.
 *
 * @settles BYTES, which may be empty
 * @rejects UV_EMSGSIZE when more than `max_bytes` have arrived; they stay in
 *          the reader
 * @rejects UV_EALREADY if another call of the reader or another read of the
 *          stream is pending
 * @rejects UV_ETIMEDOUT after the time of avow_reader_set_idle()
 * @rejects UV_ECANCELED if the stream closes
 * @rejects as avow_read() if the stream fails
 * @cancel  Stops reading. No bytes are lost.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_all(const avow_reader_t *r,
                                                       size_t max_bytes);

/** Releases `r`, which may be NULL. */
AVOW_API void avow_reader_unref(avow_reader_t *r);

AVOW_HEADER_END

#endif
