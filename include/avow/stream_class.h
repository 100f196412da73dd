/* SPDX-License-Identifier: MIT */
/*
 * Stream classes: byte streams of a program or a library.
 *
 * avow-tls makes its streams in this way. Code that only reads and writes
 * streams does not need this header.
 *
 * A class is a static struct of functions. Each function does what the function
 * of that name in stream.h describes, on `self`. The address `self` identifies
 * the stream, so no other stream may have it. A class must have loop(). An
 * operation whose function is NULL is not available.
 *
 * An avow_class_t whose `stream` is the class makes streams of its objects. The
 * release of the last reference closes such a stream, and pending promises
 * reject with UV_ECANCELED. Its destroy() must call avow_stream_destroyed()
 * first, for operations that read or write in several steps.
 *
 * avow calls each function on the loop's thread. The function must not call
 * functions of the program. Promises that are pending when the stream closes
 * must settle first, with UV_ECANCELED. Later operations must reject with
 * UV_EINVAL.
 */
#ifndef AVOW_STREAM_CLASS_H
#define AVOW_STREAM_CLASS_H

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/** The functions of a stream class; NULL if an operation is not available. */
struct avow_stream_class_s {
  size_t size; /* sizeof(avow_stream_class_t); later versions have more */

  /* Gives the loop of the stream. Must not be NULL or return NULL. */
  uv_loop_t *(*loop)(void *self);

  /**
   * Reads at most `max_bytes`, which is not 0.
   *
   * The promise settles with BYTES, at least 1 and at most `max_bytes`; or with
   * NONE at the clean end, and for each later read. An end that is not clean is
   * an error. It rejects with UV_EALREADY while another read is pending.
   * Cancellation loses nothing: bytes that arrive stay for the next read.
   *
   * If the promise fulfills with anything else, operations that read in several
   * steps reject with AVOW_EMISUSE; avow_read() passes the value on. NULL:
   * reads reject with UV_ENOTSUP.
   */
  avow_promise_t *(*read)(void *self, size_t max_bytes);

  /**
   * Writes `bytes`: BYTES or a LIST of BYTES, never anything else.
   *
   * The promise settles with INT, the number of all bytes written, when the
   * stream has accepted them. The bytes of one write precede those of the next,
   * whichever settles first. Cancellation removes nothing. After a failure, all
   * later writes fail with that error. After shutdown() they reject with
   * UV_EPIPE.
   *
   * Any other number ends a pump with AVOW_EMISUSE. NULL: writes reject with
   * UV_ENOTSUP.
   */
  avow_promise_t *(*write)(void *self, avow_value_t bytes);

  /**
   * Ends the direction to the peer.
   *
   * The promise settles with NONE when all written bytes have been sent and the
   * reads of the peer end. The other direction stays open. NULL:
   * avow_shutdown() rejects with UV_ENOTSUP.
   */
  avow_promise_t *(*shutdown)(void *self);

  /**
   * Closes the stream.
   *
   * The promise settles with NONE when the stream uses no more memory or
   * resources of the system. It rejects with UV_EALREADY if the stream is
   * closing or closed. NULL: avow_close() rejects with UV_ENOTSUP, and only the
   * release of its value closes the stream.
   */
  avow_promise_t *(*close)(void *self);

  /**
   * Moves bytes to `to` in a shorter way than by read() and avow_write().
   *
   * avow_pump() calls it for each step. The bytes must follow those that were
   * written to `to` before. The promise settles with INT, the number of bytes
   * moved. 0 means that none could be moved now, or that there are no more:
   * avow_pump() then reads and writes some bytes and calls again.
   *
   * The function returns NULL if there is no such way to `to`; avow_pump() then
   * does not call it again. A canceled promise settles when the bytes that are
   * being moved have been moved. NULL: there is no such way at all.
   */
  avow_promise_t *(*pump_to)(void *self, avow_stream_t to);

  /**
   * Waits until the peer receives no more, because it closed or failed.
   *
   * The promise then settles with NONE. It does not settle if the peer has only
   * ended the direction that is read here. It rejects with UV_EALREADY while
   * another one is pending. NULL: avow_hangup() rejects with UV_ENOTSUP.
   */
  avow_promise_t *(*hangup)(void *self);

  /**
   * Counts the bytes of pending writes that the stream has not accepted yet.
   *
   * With it a pump can distinguish a slow peer from an idle one. NULL: unknown,
   * and only complete writes count as progress.
   */
  size_t (*queued)(void *self);
};

/**
 * Tells avow that a stream is being freed without avow_close().
 *
 * The destroy() of a class must call it first, while the memory of `self` is
 * still valid. Operations that use the stream in several steps end with
 * UV_ECANCELED and do not use it again: avow_read_all(), avow_read_into(),
 * avow_pump(), avow_chunks() and readers. The caller must be on the loop's
 * thread. After the loop is closed, the call has no effect.
 */
AVOW_API void avow_stream_destroyed(uv_loop_t *loop, const void *self);

AVOW_HEADER_END

#endif
