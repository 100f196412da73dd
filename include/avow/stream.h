/* SPDX-License-Identifier: MIT */
/*
 * Byte streams, and readers that split a stream into pieces.
 *
 * An avow_stream_t is a struct of two pointers, passed by value, that owns
 * nothing. It refers to a stream that a value owns (avow_to_stream()) or to a
 * uv_tcp_t, uv_pipe_t or uv_tty_t of the program (avow_uv_stream()). The stream
 * or the handle must stay in memory while an operation on it is pending. avow
 * does not use handle->data.
 *
 * avow_close() closes a stream, and so does the release of the last reference
 * to the value that owns the stream. The pending promises of the stream settle
 * first. avow does not detect a uv_close() by the program. A pending read then
 * stays pending until the program calls avow_read() or avow_close() for the
 * handle, or closes the loop. Then the pending read rejects with UV_ECANCELED.
 *
 * avow reads bytes only while a read is pending. At other times the buffers of
 * the system fill up, which slows down the peer. libuv may watch the stream
 * between two reads, which does not keep the loop alive. After a read by avow,
 * the program must call uv_read_stop() before it calls uv_read_start() on the
 * handle.
 *
 * The system reports the reset of a connection by its peer only once: to the
 * next read or write.
 *
 * A reader (avow_reader_new()) reads a stream piece by piece: lines, or bytes
 * up to a delimiter. The reader keeps the bytes that follow a piece. Therefore
 * the program must not read that stream with any other function. If a call is
 * canceled or a piece is too long, the bytes stay in the reader. After a stream
 * of libuv has failed, each call that needs more bytes rejects with the code of
 * that failure. A stream class of the program (stream_class.h) must itself
 * reject each read after such a failure.
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
 * A struct of zeros is not a valid stream. Passing it is misuse.
 */
typedef struct avow_stream_s {
  const avow_stream_class_t *klass;
  void *self;
} avow_stream_t;

/**
 * Makes an avow_stream_t that refers to `handle`.
 *
 * The program still owns `handle`. The call allocates nothing.
 */
AVOW_API avow_stream_t avow_uv_stream(uv_stream_t *handle);

/**
 * Makes an avow_stream_t that refers to the stream in `v`.
 *
 * `v` is a value that owns a stream, such as a result of avow_connect(). If the
 * last reference to `v` was released, the use of the stream is misuse. Checked
 * builds report this misuse; for a stream of libuv, the report comes only after
 * the loop has run again. Until then, a read or write rejects with UV_EINVAL.
 *
 * @returns the stream; valid until the last reference to `v` is released
 */
AVOW_API avow_stream_t avow_to_stream(const avow_value_t *v);

/**
 * Gets the libuv handle of `stream`.
 *
 * @returns the handle, such as a uv_tcp_t, which is valid as long as the
 *          stream; NULL if the stream has none
 */
AVOW_API uv_stream_t *avow_stream_handle(avow_stream_t stream);

/**
 * Connects `tcp` to `address`.
 *
 * After a rejection the caller must still close the handle.
 *
 * @settles NONE when the handle is connected
 * @rejects UV_ECONNREFUSED, UV_ETIMEDOUT, … if the system cannot connect
 * @rejects UV_EALREADY if the handle is connecting
 * @rejects UV_EISCONN if the handle is already connected; that connection
 *          stays. If the program connected the handle without avow, the promise
 *          may fulfill.
 * @rejects UV_EINVAL if `address` is NULL or the handle is closing
 * @cancel  Rejects the promise; the attempt continues. To stop the attempt,
 *          close the handle.
 * @see     uv_tcp_connect()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_tcp_connect(
    uv_tcp_t *tcp, const struct sockaddr *address);

/**
 * Connects `pipe` to the Unix domain socket or Windows pipe `name`.
 *
 * @settles NONE when the handle is connected
 * @rejects UV_ENAMETOOLONG if `name` is too long; avow never truncates `name`
 * @rejects UV_EALREADY if the handle is connecting
 * @rejects UV_EISCONN if the handle is already connected; that connection stays
 * @rejects UV_EAGAIN if the backlog of the server is full, on Linux; try again
 *          later
 * @rejects UV_EINVAL if `name` is NULL or empty, or the handle is closing
 * @rejects as connect(2) fails
 * @cancel  Rejects the promise; the attempt continues. To stop the attempt,
 *          close the handle.
 * @see     uv_pipe_connect2()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_pipe_connect(uv_pipe_t *pipe,
                                                         const char *name);

/**
 * Reads the next bytes that arrive.
 *
 * @settles BYTES, at least 1 and at most `max_bytes`, but never more than 64
 *          KiB; NONE at the end of the stream
 * @rejects UV_EINVAL if `max_bytes` is 0 or the stream is closing
 * @rejects UV_ENOTCONN if the stream cannot be read, such as the write end of a
 *          pipe
 * @rejects UV_ENOTSUP if the stream's class cannot read
 * @rejects UV_EALREADY if another read is pending, including a read by a
 *          reader, avow_pump() or uv_read_start(); the other read continues
 * @rejects UV_ECONNRESET if the peer reset the connection; a reset is never
 *          reported as the end of the stream
 * @rejects UV_ECANCELED if the stream closes during the read
 * @cancel  Stops reading. No bytes are lost.
 * @see     uv_read_start(), recv(2)
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_read(avow_stream_t stream,
                                                 size_t max_bytes);

/**
 * Reads at least `min` and at most `max` bytes into `buffer`.
 *
 * For TCP and pipes, libuv writes to `buffer` directly, without a copy. The
 * caller must not read or free `buffer` until the promise has settled.
 *
 * @settles INT bytes; fewer than `min` only at the end of the stream, and then
 *          0 is possible
 * @rejects UV_EINVAL if `min` is 0 or more than `max`, or the stream is closing
 * @rejects UV_ENOTCONN if the stream cannot be read
 * @rejects UV_ENOTSUP if the stream's class cannot read
 * @rejects UV_EALREADY if another read of the stream is pending, including a
 *          read by a reader or avow_pump()
 * @rejects UV_ECONNRESET if the peer resets the connection
 * @rejects UV_ECANCELED if the stream closes during the read
 * @cancel  Stops reading. On a stream of libuv the promise rejects at once, on
 *          other streams when the read has stopped. With a `min` of more than
 *          1, bytes that were read are lost.
 * @see     uv_read_start()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_read_into(avow_stream_t stream,
                                                      void *buffer, size_t min,
                                                      size_t max);

/**
 * Reads all bytes until the end of the stream.
 *
 * To limit the time without bytes, use avow_reader_set_idle() and
 * avow_reader_all() instead.
 *
 * @settles BYTES
 * @rejects UV_EMSGSIZE if there are more than `max_bytes` bytes
 * @rejects UV_EINVAL if the stream is closing
 * @rejects UV_ENOTCONN if the stream cannot be read
 * @rejects UV_ENOTSUP if the stream's class cannot read
 * @rejects UV_EALREADY if another read of the stream is pending, including a
 *          read by a reader or avow_pump()
 * @rejects UV_ECONNRESET if the peer resets the connection
 * @rejects UV_ECANCELED if the stream closes during the read
 * @cancel  Stops reading. The bytes that were read are lost.
 * @see     uv_read_start()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_read_all(avow_stream_t stream,
                                                     size_t max_bytes);

/**
 * Writes all of `bytes`: BYTES, or a LIST of BYTES.
 *
 * The elements of a LIST are written together, as with writev(2), without a
 * copy into one buffer. The call itself writes the bytes that the system
 * accepts, and queues the others. After a rejection it is unknown how many
 * bytes were written: close the stream.
 *
 * A write to a peer that closed the connection can raise SIGPIPE, which ends
 * the program. Ignore SIGPIPE with signal(SIGPIPE, SIG_IGN). A checked build
 * reports at the first write if the program does not ignore SIGPIPE.
 *
 * @settles INT bytes, always the length of `bytes`
 * @rejects UV_EINVAL if `bytes` has another type or the stream is closing
 * @rejects UV_E2BIG if a LIST has more bytes than a size_t can count
 * @rejects UV_EPIPE if avow_shutdown() was called
 * @rejects UV_EPIPE if the peer closed the connection
 * @rejects UV_EPIPE if the stream is not open for writing
 * @rejects UV_ECONNRESET if the peer reset the connection
 * @rejects UV_ENOTSUP if the stream's class cannot write
 * @rejects UV_ECANCELED if the stream closes during the write
 * @cancel  Rejects the promise. Queued bytes are still written.
 * @see     uv_try_write(), uv_write()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_write(avow_stream_t stream,
                                                  avow_value_t bytes);

/**
 * Closes the sending side after all queued writes.
 *
 * On a pipe(2) or a terminal, the call only makes later writes reject. The peer
 * reads the end when every process that has the stream open for writing has
 * closed it. The stream to the standard input of a child process is an
 * exception: the child reads the end.
 *
 * @settles NONE when the queued writes are done and the sending side is closed
 * @rejects UV_ENOTCONN if the sending side is closed or missing, or the stream
 *          is closing
 * @rejects UV_ENOTSUP if the stream's class cannot shut down
 * @rejects UV_ECANCELED if the stream closes before the shutdown is done
 * @cancel  Rejects the promise; the shutdown continues.
 * @see     uv_shutdown()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_shutdown(avow_stream_t stream);

/**
 * Closes the stream.
 *
 * All promises pending on the stream settle first: reads and writes reject with
 * UV_ECANCELED. If a value owns the stream, avow frees the memory of the stream
 * with that value, and the program must not reuse it. See avow_close_handle()
 * for handles of other kinds.
 *
 * @settles NONE when the stream is closed and its memory may be reused
 * @rejects UV_EALREADY if the stream is closing
 * @rejects UV_ENOTSUP if the stream's class has no close function
 * @cancel  Has no effect.
 * @see     uv_close()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_close(avow_stream_t stream);

/** An object, with one owner, that reads a stream piece by piece. */
typedef struct avow_reader_s avow_reader_t;

/**
 * Creates a reader of `stream`; never returns NULL.
 *
 * A handle of the program must stay in memory while a call of the reader is
 * pending. A pending call rejects with UV_ECANCELED when the stream closes,
 * also if the release of a value closes the stream. A reader has one pending
 * call at a time. A canceled call counts as pending until the loop has run the
 * jobs that are queued.
 *
 * @returns the reader; if memory runs out, a reader whose functions reject with
 *          UV_ENOMEM
 */
AVOW_API AVOW_MUST_USE avow_reader_t *avow_reader_new(avow_stream_t stream);

/**
 * Limits the time that later calls of the reader wait for bytes.
 *
 * A call rejects with UV_ETIMEDOUT if no bytes arrive for `ms` milliseconds
 * while the call waits; see avow_is_timeout(). Each byte that arrives restarts
 * the time. Bytes that have arrived stay in the reader. With 0, the default,
 * there is no limit.
 */
AVOW_API void avow_reader_set_idle(avow_reader_t *r, uint64_t ms);

/**
 * Reads the bytes that the reader keeps, or else the next that arrive.
 *
 * @settles BYTES, at least 1 and at most `max_bytes`; NONE at the end of the
 *          stream
 * @rejects UV_EINVAL if `max_bytes` is 0
 * @rejects UV_EALREADY if another read of the stream is pending
 * @rejects UV_ETIMEDOUT after the time of avow_reader_set_idle()
 * @rejects UV_ECANCELED if the stream closes during the call
 * @rejects as avow_read() if the stream fails or is closing
 * @cancel  Stops reading. No bytes are lost.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_next(const avow_reader_t *r,
                                                        size_t max_bytes);

/**
 * Reads exactly `n` bytes.
 *
 * If `n` is 0, the promise fulfills at once with empty BYTES.
 *
 * @settles BYTES, `n` of them; NONE at the end of the stream
 * @rejects UV_EOF if the stream ends after fewer bytes; avow_error_cause()
 *          returns these bytes as BYTES
 * @rejects UV_EALREADY if another read of the stream is pending
 * @rejects UV_ETIMEDOUT after the time of avow_reader_set_idle()
 * @rejects UV_ECANCELED if the stream closes during the call
 * @rejects as avow_read() if the stream fails or is closing
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
 * @rejects UV_EOF if the stream ends without the delimiter; avow_error_cause()
 *          returns the remaining bytes as BYTES
 * @rejects UV_EMSGSIZE if more than `max_bytes` bytes come before the
 *          delimiter; the bytes stay in the reader
 * @rejects UV_EALREADY if another read of the stream is pending
 * @rejects UV_ETIMEDOUT after the time of avow_reader_set_idle()
 * @rejects UV_ECANCELED if the stream closes during the call
 * @rejects as avow_read() if the stream fails or is closing
 * @cancel  Stops reading. No bytes are lost.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_until(const avow_reader_t *r,
                                                         avow_value_t delimiter,
                                                         size_t max_bytes);

/**
 * Reads the next line, and removes its "\n" or "\r\n".
 *
 * The last line of the stream may end without "\n".
 *
 * @settles BYTES, without the end of the line; NONE at the end of the stream
 * @rejects UV_EMSGSIZE if the line has more than `max_bytes` bytes; the bytes
 *          stay in the reader
 * @rejects UV_EALREADY if another read of the stream is pending
 * @rejects UV_ETIMEDOUT after the time of avow_reader_set_idle()
 * @rejects UV_ECANCELED if the stream closes during the call
 * @rejects as avow_read() if the stream fails or is closing
 * @cancel  Stops reading. No bytes are lost.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_line(const avow_reader_t *r,
                                                        size_t max_bytes);

/**
 * Reads all remaining bytes until the end of the stream.
 *
 * @settles BYTES, which may be empty
 * @rejects UV_EMSGSIZE if there are more than `max_bytes` bytes; the bytes stay
 *          in the reader
 * @rejects UV_EALREADY if another read of the stream is pending
 * @rejects UV_ETIMEDOUT after the time of avow_reader_set_idle()
 * @rejects UV_ECANCELED if the stream closes during the call
 * @rejects as avow_read() if the stream fails or is closing
 * @cancel  Stops reading. No bytes are lost.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_reader_all(const avow_reader_t *r,
                                                       size_t max_bytes);

/** Releases `r`, which may be NULL. */
AVOW_API void avow_reader_unref(avow_reader_t *r);

AVOW_HEADER_END

#endif
