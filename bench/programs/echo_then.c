/* SPDX-License-Identifier: MIT */
/* echo_then: an echo server with handlers. Prints its port. */
#include <stdlib.h>

#include "guests.h"

enum { CHUNK = 64 * 1024 };

static avow_value_t on_written(const avow_value_t *len, void *guest) {
  return avow_none(); /* continue */
}

static avow_value_t on_read(const avow_value_t *chunk, void *guest) {
  if (avow_is_none(chunk))
    return avow_int(0); /* the end */
  avow_promise_t *p = avow_write(avow_to_stream(guest), avow_value_ref(chunk));
  return avow_follow(avow_then(p, on_written, NULL, guest));
}

static avow_value_t step(void *guest) {
  avow_promise_t *p = avow_read(avow_to_stream(guest), CHUNK);
  return avow_follow(avow_then(p, on_read, NULL, guest));
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
  avow_promise_t *p = avow_repeat(loop, step, guest);
  return avow_follow(avow_attach(p, guest, let_go));
}

int main(void) {
  return guests_serve(welcome);
}
