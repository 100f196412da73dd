/* SPDX-License-Identifier: MIT */
/*
 * What a byte stream is made of, for who writes one: TLS, a body, a pair in
 * memory. Who reads and writes needs none of this. A class is a static struct
 * of functions, each of which does what the one of its name in stream.h says,
 * to self, by which a stream is known: no other one has it. An avow_class_t
 * that names it makes streams of its objects; whoever lets go of the last
 * reference closes such a stream by that, and what is pending then rejects with
 * UV_ECANCELED: its destroy calls avow_stream_destroyed() before all else, for
 * what reads or writes in several steps.
 *
 * A class has to have loop(); what else it lacks its streams cannot do. Each
 * function is called on the loop's thread, and calls none of the program in its
 * turn. Promises that are pending when the stream closes settle first, with
 * UV_ECANCELED. What is asked of it later is UV_EINVAL.
 */
#ifndef AVOW_STREAM_CLASS_H
#define AVOW_STREAM_CLASS_H

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/** The functions of a class, of which NULL stands for what it cannot do. */
struct avow_stream_class_s {
  size_t size; /* sizeof(avow_stream_class_t): later versions have more */

  /* The loop that it is of. Never NULL. */
  uv_loop_t *(*loop)(void *self);

  /**
   * BYTES, at least 1 and at most max_bytes, which is not 0; NONE at the clean
   * end, and from then on. An end that is not clean is an error. UV_EALREADY
   * while another read is pending. Cancelling loses nothing: what comes stays
   * for the next. NULL: nothing can be read, UV_ENOTSUP. What gives anything
   * else ends what reads in several steps with AVOW_EMISUSE; avow_read() passes
   * it on.
   */
  avow_promise_t *(*read)(void *self, size_t max_bytes);

  /**
   * INT: the bytes written, all of them, once the stream has taken them. Takes
   * BYTES or a LIST of BYTES, never anything else. Those of one write come
   * before those of the next, whichever settles first. Cancelling takes nothing
   * back. After a failure each later write fails alike; UV_EPIPE after
   * shutdown(). NULL: nothing can be written, UV_ENOTSUP. Any other number ends
   * a pump with AVOW_EMISUSE.
   */
  avow_promise_t *(*write)(void *self, avow_value_t bytes);

  /** NONE when all that was written is out, and the peer's reads end. The other
      way stays open. NULL: UV_ENOTSUP. */
  avow_promise_t *(*shutdown)(void *self);

  /** NONE when nothing of the stream is in use any more, of memory or of the
      system. UV_EALREADY if it is closing, or closed. NULL: UV_ENOTSUP; it goes
      with its value alone. */
  avow_promise_t *(*close)(void *self);

  /**
   * INT: how many of the bytes to come have gone to another stream in a shorter
   * way than by read() and avow_write(), and behind what was written there
   * before. 0 if none could just now, or there are no more: then avow_pump(),
   * of which this is a step, reads and writes some, and asks again. Or NULL:
   * there is no such way to that stream, and it asks no more. Cancelling
   * settles it when what goes just then has gone. NULL: there is none at all.
   */
  avow_promise_t *(*pump_to)(void *self, avow_stream_t to);

  /** NONE when the peer takes no more: it has gone, or broken off. Not when it
      has only ended what is read of it. UV_EALREADY while another is pending.
      NULL: that cannot be known, UV_ENOTSUP. */
  avow_promise_t *(*hangup)(void *self);

  /** How many bytes of the writes that are pending it has not taken so far, so
      that a pump can tell a peer that is slow from one that is idle. NULL: that
      cannot be known, and only whole writes tell. */
  size_t (*queued)(void *self);
};

/**
 * To be called for a stream that goes without avow_close(), while its memory is
 * still there, by the destroy of its class: avow_read_all(), avow_read_into(),
 * avow_pump(), avow_chunks() and readers that are at it end with UV_ECANCELED,
 * and ask it no more. On its loop's thread; once the loop is closed that is
 * nothing to do.
 */
AVOW_API void avow_stream_destroyed(uv_loop_t *loop, const void *self);

AVOW_HEADER_END

#endif
