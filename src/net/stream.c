/*
 * Byte streams. One of libuv's is known by the address of its class, and what
 * is asked of it goes straight to libuv.
 */
#include "net/stream.h"

#include "avow/handle.h"
#include "base/misuse.h"
#include "net/owned.h"

struct avow_stream_class_s {
  size_t size;
};

static const avow_stream_class_t uv_streams = { sizeof(uv_streams) };

/* NULL gives none: somebody has said so. */
static avow_stream_t stream_of(uv_stream_t *handle) {
  return (avow_stream_t){ handle != NULL ? &uv_streams : NULL, handle };
}

avow_stream_t avow_uv_stream(uv_stream_t *handle) {
  if (handle == NULL)
    avow__misuse_of_null("a stream");
  return stream_of(handle);
}

avow_stream_t avow_to_stream(const avow_value_t *v) {
  return stream_of(avow__owned_handle(v));
}

uv_stream_t *avow_stream_handle(avow_stream_t stream) {
  return stream.self;
}

uv_loop_t *avow__stream_loop(avow_stream_t stream) {
  return ((uv_stream_t *) stream.self)->loop;
}

avow_promise_t *avow_close(avow_stream_t stream) {
  return avow_close_handle((uv_handle_t *) avow_stream_handle(stream));
}
