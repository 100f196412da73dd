/* SPDX-License-Identifier: MIT */
/* Runs the server of docs/recipes-system.md, "Stop a server", until SIGTERM. */
#include <avow/all.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static uv_loop_t *loop;

#include SNIPPET

static avow_value_t run_server(void *data) {
  const avow_map_options_t settled = { .kind = AVOW_ALL_SETTLED };
  const avow_value_t server = avow_await(avow_bind(loop, "127.0.0.1", "0"));
  if (avow_is_error(&server))
    return server;
  uv_stream_t *handle = avow_stream_handle(avow_to_stream(&server));
  avow_promise_t *signaled = avow_channel_first(avow_signals(loop, SIGTERM));
  avow_promise_t *all = avow_group_new(loop, &clients);
  avow_group_isolate(clients);
  avow_channel_t *connections = avow_connections(handle, NULL);
  avow_promise_t *accepting =
      avow_each(connections, accept_client, NULL, &settled);
  avow_channel_unref(connections);
  printf("recipe at 127.0.0.1:%d\n",
         avow_local_address((uv_handle_t *) handle).port);
  (void) fflush(stdout); /* the caller of get() reports it */

  avow_value_unref(avow_await(signaled));
  const avow_value_t end = stop(&server, accepting, all);
  avow_value_unref(server);
  return end;
}

int main(void) {
  (void) signal(SIGPIPE, SIG_IGN);
  loop = uv_default_loop();
  if (avow_loop_init(loop, &(avow_options_t){ .slow_us = UINT_MAX }) != 0)
    return 1;
  const avow_value_t end = avow_run(avow_async(loop, run_server, NULL));
  if (avow_is_error(&end))
    fprintf(stderr, "%s\n", avow_error_message(&end));
  const bool failed = avow_is_error(&end);
  avow_value_unref(end);
  if (avow_loop_close(loop) != 0 || uv_loop_close(loop) != 0)
    return 1;
  return failed;
}
