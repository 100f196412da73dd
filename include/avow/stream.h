/* SPDX-License-Identifier: MIT */
/*
 * Byte streams. An avow_stream_t is a struct of two pointers, passed by value.
 * It refers to a stream that a value owns (avow_to_stream()) or to a uv_tcp_t,
 * uv_pipe_t or uv_tty_t of the program (avow_uv_stream()). An avow_stream_t
 * owns nothing. The stream or its handle must stay in memory while an operation
 * on it is pending. Before a stream closes, avow settles its pending promises:
 * in avow_close(), and when the value that owns the stream is released. avow
 * does not use handle->data.
 *
 * On a stream that is closing, a function rejects with UV_EINVAL unless its
 * description names another code. avow_close() rejects pending promises at
 * once. If the program calls uv_close() instead, avow does not learn of it.
 * Pending promises then reject with UV_ECANCELED at the next read or
 * avow_close() of the handle, which is refused, or when the loop closes.
 *
 * avow takes bytes only while a read is pending. At other times the buffers of
 * the system fill up, which slows down the peer. Between two reads libuv may
 * watch the stream; that does not keep the loop alive. The program must call
 * uv_read_stop() before it calls uv_read_start() on such a handle. Bytes that
 * arrived between two reads may fulfill the next read at once.
 *
 * The system reports that a peer reset the connection only once: to the next
 * read, or to a write if that comes first.
 *
 * A reader (avow_reader_new()) reads a stream piece by piece: lines, or bytes
 * up to a delimiter. The reader keeps the bytes that follow a piece for the
 * next call, so the program must use no other function to read that stream. If
 * a call is canceled or a piece is too long, no bytes are lost: they stay in
 * the reader. After a stream of libuv has failed, each call that needs more
 * bytes than the reader holds rejects with the code of that failure. A program
 * can implement a stream class of its own (stream_class.h). That class must
 * reject each read after a failure that ends the stream.
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
 * A struct of zeros is no stream. Passing it is misuse, like passing NULL.
 */
typedef struct avow_stream_s {
  const avow_stream_class_t *klass;
  void *self;
} avow_stream_t;

/**
 * Makes an avow_stream_t that refers to `handle`.
 *
 * The program still owns `handle`. The call allocates nothing and does not use
 * handle->data.
 */
AVOW_API avow_stream_t avow_uv_stream(uv_stream_t *handle);

/**
 * Makes an avow_stream_t that refers to the stream in `v`.
 *
 * `v` is a value that owns a stream, such as a result of avow_connect(), and
 * keeps the stream in memory. Checked builds report the use of a stream whose
 * value was released.
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
 * After a rejection the caller must still close the handle.
 *
 * @settles NONE when the handle is connected; if the program connected the
 *          handle without avow, the first call may fulfill, too
 * @rejects UV_ECONNREFUSED, UV_ETIMEDOUT, … if the system cannot connect
 * @rejects UV_EALREADY if the handle is connecting
 * @rejects UV_EISCONN if the handle is already connected; that connection stays
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
 * @rejects UV_EISCONN if the handle is already connected; that connection stays
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
 * @settles BYTES, at least 1 and at most `max_bytes`, but never more than 64
 *          KiB; NONE at the end of the stream
 * @rejects UV_EINVAL if `max_bytes` is 0
 * @rejects UV_ENOTCONN if the stream cannot be read, such as the write end of a
 *          pipe
 * @rejects UV_ENOTSUP if the stream's class cannot read
 * @rejects UV_EALREADY if another read is pending, including a uv_read_start()
 *          of the program; that read goes on
 * @rejects UV_EALREADY if a pump or a reader uses the stream; it goes on
 * @rejects UV_ECONNRESET if the peer reset the connection; a reset is never
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
 * @settles INT bytes; fewer than `min` only at the end of the stream, and then
 *          0 is possible
 * @rejects UV_EINVAL if `min` is 0 or more than `max`
 * @rejects UV_ENOTCONN if the stream cannot be read
 * @rejects UV_ENOTSUP if the stream's class cannot read
 * @rejects UV_EALREADY if another read of the stream is pending, or if a pump
 *          or a reader uses the stream
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
 * If the call needs an idle timeout, use avow_reader_set_idle() and
 * avow_reader_all() instead.
 *
 * @settles BYTES
 * @rejects UV_EMSGSIZE if there are more than `max_bytes` bytes
 * @rejects UV_ENOTCONN if the stream cannot be read
 * @rejects UV_ENOTSUP if the stream's class cannot read
 * @rejects UV_EALREADY if another read of the stream is pending, or if a pump
 *          or a reader uses the stream
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
 * The elements of a LIST are written together, as with writev(2), without a
 * copy into one buffer. The call itself tries to write the bytes, and queues
 * the bytes that the system does not accept. After a rejection it is unknown
 * how many bytes were written: close the stream.
 *
 * As with libuv, a write to a peer that closed the connection may raise
 * SIGPIPE, which ends the program. Ignore it with signal(SIGPIPE, SIG_IGN). At
 * the first write, a checked build reports if the program does not ignore
 * SIGPIPE.
 *
 * @settles INT bytes, always the length of `bytes`
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
 * A pipe(2) or a terminal has no sending side that can be closed on its own.
 * The reader sees the end only when every process that has the stream open for
 * writing has closed it. The stream to the standard input of a child process
 * can be shut down: the child sees the end.
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
 * UV_ECANCELED. If a value owns the stream, the memory of the stream is freed
 * with that value. See avow_close_handle() for handles of other kinds.
 *
 * @settles NONE when the stream is closed and its memory may be reused
 * @rejects UV_EALREADY if the stream is closing
 * @rejects UV_ENOTSUP if the stream's class has no close function
 * @cancel  Has no effect.
 * @see     uv_close()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_close(avow_stream_t stream);

/** An object that reads a stream piece by piece; it has one owner. */
typedef struct avow_reader_s avow_reader_t;

/**
 * Creates a reader of `stream`; never returns NULL.
 *
 * The stream must stay in memory while a call of the reader is pending. The
 * promise of that call rejects with UV_ECANCELED when the stream closes or the
 * value that owns the stream is released. A reader has one pending call at a
 * time. A canceled call counts as pending until the loop has run the jobs that
 * are queued.
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
 * restarts the time. Bytes that have arrived stay in the reader. With 0, the
 * default, there is no limit.
 */
AVOW_API void avow_reader_set_idle(avow_reader_t *r, uint64_t ms);

/**
 * Reads the bytes that the reader holds, or the next bytes that arrive.
 *
 * @settles BYTES, at least 1 and at most `max_bytes`; NONE at the end of the
 *          stream
 * @rejects UV_EINVAL if `max_bytes` is 0
 * @rejects UV_EALREADY if another call of the reader or another read of the
 *          stream is pending
 * @rejects UV_ETIMEDOUT after the time of avow_reader_set_idle()
 * @rejects UV_ECANCELED if the stream closes
 * @rejects with a code of avow_read() if the stream fails
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
 * @rejects with a code of avow_read() if the stream fails
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
 * @rejects UV_EMSGSIZE if more than `max_bytes` bytes come before the
 *          delimiter; the bytes stay in the reader
 * @rejects UV_EALREADY if another call of the reader or another read of the
 *          stream is pending
 * @rejects UV_ETIMEDOUT after the time of avow_reader_set_idle()
 * @rejects UV_ECANCELED if the stream closes
 * @rejects with a code of avow_read() if the stream fails
 * @cancel  Stops reading. No bytes are lost.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_until(const avow_reader_t *r,
                                                         avow_value_t delimiter,
                                                         size_t max_bytes);

/**
 * Reads the next line, and removes its "\n" or "\r\n".
 *
 * The last line of the stream may end without them.
 *
 * @settles BYTES, without the end of the line; NONE at the end of the stream
 * @rejects UV_EMSGSIZE if the line has more than `max_bytes` bytes; the bytes
 *          stay in the reader
 * @rejects UV_EALREADY if another call of the reader or another read of the
 *          stream is pending
 * @rejects UV_ETIMEDOUT after the time of avow_reader_set_idle()
 * @rejects UV_ECANCELED if the stream closes
 * @rejects with a code of avow_read() if the stream fails
 * @cancel  Stops reading. No bytes are lost.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_line(const avow_reader_t *r,
                                                        size_t max_bytes);

/**
 * Reads all remaining bytes until the end of the stream.
 *
 * @settles BYTES, which may be empty
 * @rejects UV_EMSGSIZE when more than `max_bytes` bytes have arrived; the bytes
 *          stay in the reader
 * @rejects UV_EALREADY if another call of the reader or another read of the
 *          stream is pending
 * @rejects UV_ETIMEDOUT after the time of avow_reader_set_idle()
 * @rejects UV_ECANCELED if the stream closes
 * @rejects with a code of avow_read() if the stream fails
 * @cancel  Stops reading. No bytes are lost.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_all(const avow_reader_t *r,
                                                       size_t max_bytes);

/** Releases `r`, which may be NULL. */
AVOW_API void avow_reader_unref(avow_reader_t *r);

AVOW_HEADER_END

#endif
