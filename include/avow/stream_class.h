/* SPDX-License-Identifier: MIT */
/*
 * Stream classes: byte streams of a program or a library.
 *
 * A class makes streams of a new kind, as avow-tls does. Code that only reads
 * and writes streams does not need this header.
 *
 * A class is a static struct of functions. read() implements avow_read() for
 * the stream `self`, write() implements avow_write(), and so on. The address
 * `self` identifies the stream, so each stream needs its own address. A class
 * must have loop(). An operation whose function is NULL is not available.
 *
 * To make an object a stream, set the `stream` of its avow_class_t (value.h) to
 * a stream class. The release of the last reference must close such a stream,
 * and pending promises must reject with UV_ECANCELED. The destroy() function
 * must call avow_stream_destroyed() first. That ends operations that use the
 * stream in several steps.
 *
 * avow calls each function on the loop's thread. The function must not call
 * functions of the program. When the stream is closed, the pending promises
 * must reject with UV_ECANCELED, before the promise of close() settles. Later
 * operations must reject with UV_EINVAL.
 */
#ifndef AVOW_STREAM_CLASS_H
#define AVOW_STREAM_CLASS_H

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/** The functions of a stream class; NULL if an operation is not available. */
struct avow_stream_class_s {
  size_t size; /* sizeof(avow_stream_class_t); later versions are larger */

  /* Gives the loop of the stream. Must not be NULL or return NULL. */
  uv_loop_t *(*loop)(void *self);

  /**
   * Reads at most `max_bytes`, which is not 0.
   *
   * The promise fulfills with BYTES, at least 1 and at most `max_bytes`. At the
   * end it fulfills with NONE, and so does each later read. If the stream ends
   * without a proper close, the promise rejects. While another read is pending,
   * it rejects with UV_EALREADY. After a cancellation, bytes that arrive must
   * stay for the next read.
   *
   * If the promise fulfills with any other value, operations that read in
   * several steps reject with AVOW_EMISUSE, and avow_read() passes the value
   * on. NULL: reads reject with UV_ENOTSUP.
   */
  avow_promise_t *(*read)(void *self, size_t max_bytes);

  /**
   * Writes `bytes`: BYTES or a LIST of BYTES, never anything else.
   *
   * The promise fulfills with INT, the number of bytes in `bytes`, when the
   * stream has accepted all of them. If it fulfills with another value, a pump
   * rejects with AVOW_EMISUSE.
   *
   * The stream must send the bytes of one write before the bytes of the next.
   * Cancellation does not stop a write. After a failure, all later writes
   * reject with the same error. After shutdown() they reject with UV_EPIPE.
   * NULL: writes reject with UV_ENOTSUP.
   */
  avow_promise_t *(*write)(void *self, avow_value_t bytes);

  /**
   * Ends the direction to the peer.
   *
   * The promise fulfills with NONE when all written bytes have been sent and
   * the end is sent to the peer. The other direction stays open. NULL:
   * avow_shutdown() rejects with UV_ENOTSUP.
   */
  avow_promise_t *(*shutdown)(void *self);

  /**
   * Closes the stream.
   *
   * The promise fulfills with NONE when the stream no longer uses memory or
   * resources of the system. It rejects with UV_EALREADY if the stream is
   * closing or closed. NULL: avow_close() rejects with UV_ENOTSUP, and only the
   * release of its value closes the stream.
   */
  avow_promise_t *(*close)(void *self);

  /**
   * Moves bytes to `to` directly, at less cost than read() and avow_write().
   *
   * avow_pump() calls the function for each step. The bytes must follow those
   * that were written to `to` before. The promise fulfills with INT, the number
   * of bytes moved. 0 means that no bytes could be moved now, or that the
   * stream has ended. avow_pump() then reads and writes some bytes, and calls
   * the function again. A canceled promise must settle when the step ends.
   *
   * The function returns NULL if it cannot move bytes to `to`. avow_pump() then
   * does not call it again. NULL: avow_pump() always reads and writes.
   */
  avow_promise_t *(*pump_to)(void *self, avow_stream_t to);

  /**
   * Waits until the peer receives no more, because it closed or failed.
   *
   * The promise then fulfills with NONE. It stays pending if the peer has only
   * ended the direction that this stream reads. It rejects with UV_EALREADY
   * while another promise of hangup() is pending. NULL: avow_hangup() rejects
   * with UV_ENOTSUP.
   */
  avow_promise_t *(*hangup)(void *self);

  /**
   * Counts the bytes of pending writes that the stream has not accepted yet.
   *
   * From this number, a pump with the option `idle` sees whether a slow peer
   * still accepts bytes. NULL: only complete writes count as progress.
   */
  size_t (*queued)(void *self);
};

/**
 * Tells avow that a stream is being freed without avow_close().
 *
 * The destroy() function of a class must call it first, while the memory of
 * `self` is still valid. Operations that use the stream in several steps then
 * reject with UV_ECANCELED and do not use the stream again. These are
 * avow_read_all(), avow_read_into(), avow_pump(), avow_chunks() and readers.
 * The caller must be on the loop's thread. After the loop is closed, the call
 * has no effect.
 */
AVOW_API void avow_stream_destroyed(uv_loop_t *loop, const void *self);

AVOW_HEADER_END

#endif
