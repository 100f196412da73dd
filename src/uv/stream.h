/* SPDX-License-Identifier: MIT */
/* Byte streams of any class. */
#ifndef AVOW_STREAM_PRIVATE_H
#define AVOW_STREAM_PRIVATE_H

#include "avow/stream_class.h"
#include "base/misuse.h"
#include "uv/stream_lock.h"

/* The class of libuv streams, whose `self` is the uv_stream_t. It has no
   functions, because operations call libuv directly. */
extern const avow_stream_class_t avow__uv_streams;

static inline bool avow__is_uv(avow_stream_t stream) {
  return stream.klass == &avow__uv_streams;
}

/* Whether the class has a function. A class may have been compiled with an
   older version. */
#define AVOW__STREAM_CAN(stream, verb)                                       \
  ((stream).klass->size >=                                                   \
       offsetof(avow_stream_class_t, verb) + sizeof((stream).klass->verb) && \
   (stream).klass->verb != NULL)

/* Checked builds: whether a stream that avow made still exists. avow records
   its address when it is freed, and when a new one is made there. */
#if AVOW__DEBUG
#  define avow__check_stream(self) avow__check_stream_in(self, __func__)
void avow__check_stream_in(const void *self, const char *called);
#else
#  define avow__check_stream(self) ((void) (self))
#endif

/* Reports a NULL handle, in checked builds. */
#define avow__misuse_of_no_handle() avow__misuse_of_no_handle_in(AVOW__CALLED)
void avow__misuse_of_no_handle_in(const char *called);

/* Returns the loop of a stream, which must not be none. NULL if its class has
   no loop(), which checked builds report. */
uv_loop_t *avow__stream_loop(avow_stream_t stream);

/* Whether the loop is closed. A stream may outlive it. */
static inline bool avow__has_closed(const avow__context_t *c) {
  return c->life == AVOW__CLOSED;
}

/* Refuses an operation on a stream of that loop, with UV_ECANCELED once the
   loop is closed. */
avow_promise_t *avow__stream_refuse(avow__context_t *c, int err,
                                    const char *name);

/* Returns the answer of a stream whose loop is closed and that is not libuv's;
   the stream itself makes it. NULL for other streams. */
avow_promise_t *avow__stream_outlived(avow_stream_t stream);

/* Operations on a stream of another class, or on none. */
avow_promise_t *avow__any_read(avow_stream_t stream, size_t max_bytes);
avow_promise_t *avow__any_write(avow_stream_t stream, avow_value_t bytes);
avow_promise_t *avow__any_shutdown(avow_stream_t stream);
avow_promise_t *avow__any_hangup(avow_stream_t stream);

/* The number of written bytes that the stream has not yet taken; 0 if its class
   does not report it. */
size_t avow__stream_queued(avow_stream_t stream);

/* Checks the result of a class's read() of at most `max_bytes`. Returns 0 or
   AVOW_EMISUSE, which checked builds explain. Must not be called for errors. */
int avow__read_check(const avow_value_t *given, size_t max_bytes);

/* Check the results of a class's write() of `len` bytes and of its pump_to().
 */
int avow__written_check(const avow_value_t *given, size_t len);
int avow__moved_check(const avow_value_t *given);

/* Registers a zeroed `reading` as the user of a stream of any class in several
   steps. The user reads from it (AVOW__PULLED), writes to it (AVOW__SINKS) or
   waits for its peer to close (AVOW__WATCHED). on_close() runs when the stream
   closes or is freed between two steps. The user must then leave at once,
   because another stream may get that address. Returns UV_EALREADY if there is
   a user, or UV_EINVAL if libuv closes the stream. */
int avow__stream_enter(avow__reading_t *reading, int table,
                       avow_stream_t stream,
                       void (*on_close)(avow__reading_t *reading));
/* Has no effect if the user has left or never entered. */
void avow__stream_leave(avow__reading_t *reading, avow__context_t *c,
                        int table);

#endif
