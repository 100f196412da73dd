/* SPDX-License-Identifier: MIT */
#include "guests.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void fail(const avow_value_t *error) {
  (void) fprintf(stderr, "server: %s\n", avow_error_message(error));
  exit(1);
}

/* The port must be printed at once, because another program waits for it. */
static void announce(const uv_stream_t *listener) {
  printf("%d\n", avow_local_address((const uv_handle_t *) listener).port);
  (void) fflush(stdout); /* the reader of the port reports a failure */
}

int guests_serve(avow_cb welcome) {
  static uv_loop_t loop;
  static const avow_connections_options_t many = { .backlog = 4096 };
  static const avow_map_options_t each = { .kind = AVOW_ALL_SETTLED };
  (void) signal(SIGPIPE, SIG_IGN);
  if (uv_loop_init(&loop) != 0 || avow_loop_init(&loop, NULL) != 0)
    return 1;
  const avow_value_t listener = avow_run(avow_bind(&loop, "127.0.0.1", "0"));
  if (avow_is_error(&listener))
    fail(&listener);
  uv_stream_t *stream = avow_stream_handle(avow_to_stream(&listener));
  avow_channel_t *guests = avow_connections(stream, &many);
  announce(stream);
  const avow_value_t end = avow_run(avow_each(guests, welcome, &loop, &each));
  fail(&end);
}
