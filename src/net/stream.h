/* Byte streams of any class. */
#ifndef AVOW_STREAM_PRIVATE_H
#define AVOW_STREAM_PRIVATE_H

#include "avow/stream_class.h"
#include "net/reading.h"

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

/* The loop of a stream that there is. */
uv_loop_t *avow__stream_loop(avow_stream_t stream);

/* What is asked of a stream of another class, or of none. */
avow_promise_t *avow__any_read(avow_stream_t stream, size_t max_bytes);
avow_promise_t *avow__any_write(avow_stream_t stream, avow_value_t bytes);
avow_promise_t *avow__any_shutdown(avow_stream_t stream);

/* Registers who uses a stream of any class in several steps, zeroed so far: who
   reads from it (AVOW__PULLED) or writes to it (AVOW__SINKS). On_close() says
   when the stream closes or goes between two of these; whoever hears it leaves
   at once, for another stream may have that address next. UV_EALREADY if there
   is one, UV_EINVAL if libuv closes it. */
int avow__stream_enter(avow__reading_t *reading, int table,
                       avow_stream_t stream,
                       void (*on_close)(avow__reading_t *reading));
/* Unless it has left, or never came in. */
void avow__stream_leave(avow__reading_t *reading, avow__context_t *c,
                        int table);

/* Whether a value may be written: 0 or a code. */
int avow__write_check(const avow_value_t *bytes);

#endif
