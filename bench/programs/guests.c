#include "guests.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void guests_fail(const avow_value_t *error) {
  (void) fprintf(stderr, "server: %s\n", avow_error_message(error));
  exit(1);
}

static uv_stream_t *listen_at(const avow_value_t *listener) {
  if (avow_is_error(listener))
    guests_fail(listener);
  uv_stream_t *stream = avow_to_stream(listener);
  printf("%d\n", avow_local_address((const uv_handle_t *) stream).port);
  (void) fflush(stdout); /* whoever waits for it sees what is wrong */
  return stream;
}

int guests_serve(avow_cb welcome) {
  static uv_loop_t loop;
  static const avow_connections_options_t many = { .backlog = 4096 };
  static const avow_map_options_t each = { .kind = AVOW_ALL_SETTLED };
  (void) signal(SIGPIPE, SIG_IGN);
  if (uv_loop_init(&loop) != 0 || avow_loop_init(&loop, NULL) != 0)
    return 1;
  const avow_value_t listener = avow_run(avow_bind(&loop, "127.0.0.1", "0"));
  avow_channel_t *guests = avow_connections(listen_at(&listener), &many);
  const avow_value_t end = avow_run(avow_each(guests, welcome, &loop, &each));
  guests_fail(&end);
}
