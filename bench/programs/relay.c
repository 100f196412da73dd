/* SPDX-License-Identifier: MIT */
/* relay PORT: connects each client to that port of loopback. Prints its own
   port. */
#include <avow/auto.h>
#include <avow/pump.h>

#include "guests.h"

static const char *port;

static avow_value_t relay(void *guest) {
  AVOW_AUTO_VALUE client = avow_value_ref(guest);
  AVOW_AUTO_VALUE server = avow_none();
  const avow_stream_t near = avow_to_stream(&client);
  AVOW_TRY(avow_await_value(avow_connect(avow_stream_handle(near)->loop,
                                         "127.0.0.1", port),
                            &server));
  const avow_stream_t far = avow_to_stream(&server);
  avow_promise_t *const ways[] = { avow_pump(near, far, NULL),
                                   avow_pump(far, near, NULL) };
  return avow_await(avow_all(avow_stream_handle(near)->loop, ways, 2));
}

/* The function takes its own reference before this call returns. */
static avow_value_t welcome(const avow_value_t *stream, void *loop) {
  avow_value_t guest = *stream;
  return avow_follow(avow_async(loop, relay, &guest));
}

int main(int argc, char *argv[]) {
  if (argc != 2)
    return 2;
  port = argv[1];
  return guests_serve(welcome);
}
