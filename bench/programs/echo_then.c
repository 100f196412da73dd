/* echo_then: sends back what comes, with handlers. Prints its port. */
#include <stdlib.h>

#include "guests.h"

enum { CHUNK = 64 * 1024 };

static avow_value_t on_written(const avow_value_t *len, void *stream) {
  return avow_none(); /* once more */
}

static avow_value_t on_read(const avow_value_t *chunk, void *stream) {
  if (avow_is_none(chunk))
    return avow_int(0); /* the end */
  avow_promise_t *p = avow_write(stream, avow_value_ref(chunk));
  return avow_follow(avow_then(p, on_written, NULL, stream));
}

static avow_value_t step(void *stream) {
  return avow_follow(
      avow_then(avow_read(stream, CHUNK), on_read, NULL, stream));
}

static void let_go(void *guest) {
  avow_value_unref(*(avow_value_t *) guest);
  free(guest);
}

static avow_value_t welcome(const avow_value_t *stream, void *loop) {
  avow_value_t *guest = malloc(sizeof(*guest));
  if (guest == NULL)
    return avow_error(UV_ENOMEM);
  *guest = avow_value_ref(stream);
  avow_promise_t *p = avow_repeat(loop, step, avow_to_stream(guest));
  return avow_follow(avow_attach(p, guest, let_go));
}

int main(void) {
  return guests_serve(welcome);
}
