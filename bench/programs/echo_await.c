/* SPDX-License-Identifier: MIT */
/* echo_await: an echo server with an async function for each client. Prints its
   port. */
#include <avow/auto.h>

#include "guests.h"

enum { CHUNK = 64 * 1024 };

static avow_value_t echo(void *guest) {
  AVOW_AUTO_VALUE held = avow_value_ref(guest);
  const avow_stream_t stream = avow_to_stream(&held);
  for (;;) {
    AVOW_AUTO_VALUE chunk = avow_none();
    AVOW_TRY(avow_await_bytes(avow_read(stream, CHUNK), &chunk));
    if (avow_is_none(&chunk))
      return avow_none();
    AVOW_TRY(avow_await_done(avow_write(stream, avow_steal(&chunk))));
  }
}

/* The function takes its own reference before this call returns. */
static avow_value_t welcome(const avow_value_t *stream, void *loop) {
  avow_value_t guest = *stream;
  return avow_follow(avow_async(loop, echo, &guest));
}

int main(void) {
  return guests_serve(welcome);
}
