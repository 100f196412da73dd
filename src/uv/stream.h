/* SPDX-License-Identifier: MIT */
/* Byte streams of any class. */
#ifndef AVOW_STREAM_PRIVATE_H
#define AVOW_STREAM_PRIVATE_H

#include "avow/stream_class.h"
#include "base/misuse.h"
#include "uv/stream_lock.h"

/* The class of those of libuv, which has no functions: what is asked of them
   goes straight to libuv. self is the uv_stream_t. */
extern const avow_stream_class_t avow__uv_streams;

static inline bool avow__is_uv(avow_stream_t stream) {
  return stream.klass == &avow__uv_streams;
}

/* Whether its class, which may be older than this, has that function. */
#define AVOW__STREAM_CAN(stream, verb)                                       \
  ((stream).klass->size >=                                                   \
       offsetof(avow_stream_class_t, verb) + sizeof((stream).klass->verb) && \
   (stream).klass->verb != NULL)

/* Debug builds: is what a stream is known by, which avow made, still there? It
   is noted when it goes, and when there is another at its address. */
#if AVOW__DEBUG
void avow__check_stream(const void *self);
#else
#  define avow__check_stream(self) ((void) (self))
#endif

/* Says of what handle it is that there is none, in debug builds. */
void avow__misuse_of_no_handle(void);

/* The loop of a stream that there is; NULL, and a sentence in debug builds, of
   one whose class says none. */
uv_loop_t *avow__stream_loop(avow_stream_t stream);

/* Whether the loop is closed, which a stream may outlive. */
static inline bool avow__has_closed(const avow__context_t *c) {
  return c->life == AVOW__CLOSED;
}

/* Refuses what a stream of that loop is asked for: with UV_ECANCELED once the
   loop is closed. */
avow_promise_t *avow__stream_refuse(avow__context_t *c, int err,
                                    const char *name);

/* The answer to all that is asked of a stream whose loop is closed, and which
   is not libuv's: it says so itself. NULL of others. */
avow_promise_t *avow__stream_outlived(avow_stream_t stream);

/* What is asked of a stream of another class, or of none. */
avow_promise_t *avow__any_read(avow_stream_t stream, size_t max_bytes);
avow_promise_t *avow__any_write(avow_stream_t stream, avow_value_t bytes);
avow_promise_t *avow__any_shutdown(avow_stream_t stream);
avow_promise_t *avow__any_hangup(avow_stream_t stream);

/* How much of what was written it has not taken; 0 if it does not say. */
size_t avow__stream_queued(avow_stream_t stream);

/* Whether a class may give that to a read of at most so many bytes: 0, or
   AVOW_EMISUSE, which debug builds explain. Not for errors. */
int avow__read_check(const avow_value_t *given, size_t max_bytes);

/* The same of a write of so many bytes, and of what a class moves by itself. */
int avow__written_check(const avow_value_t *given, size_t len);
int avow__moved_check(const avow_value_t *given);

/* Registers who uses a stream of any class in several steps, zeroed so far: who
   reads from it (AVOW__PULLED), writes to it (AVOW__SINKS), or waits for its
   peer to go (AVOW__WATCHED). On_close() says when the stream closes or goes
   between two of these; whoever hears it leaves at once, for another stream may
   have that address next. UV_EALREADY if there is one, UV_EINVAL if libuv
   closes it. */
int avow__stream_enter(avow__reading_t *reading, int table,
                       avow_stream_t stream,
                       void (*on_close)(avow__reading_t *reading));
/* Unless it has left, or never came in. */
void avow__stream_leave(avow__reading_t *reading, avow__context_t *c,
                        int table);

#endif
