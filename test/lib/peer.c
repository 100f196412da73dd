/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <sys/socket.h>
#include <unistd.h>

static union {
  uv_stream_t stream;
  uv_pipe_t pipe;
  uv_tcp_t tcp;
} ours;

uv_stream_t *const stream = &ours.stream;
int peer;

int peer_setup_pipe(void **state) {
  int fds[2];
  if (harness_setup(state) != 0 ||
      socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
    return -1;
  peer = fds[1];
  (void) uv_pipe_init(loop, &ours.pipe, 0);
  return uv_pipe_open(&ours.pipe, fds[0]);
}

int peer_setup_tcp(void **state) {
  struct sockaddr_in address;
  socklen_t len = sizeof(address);
  if (harness_setup(state) != 0)
    return -1;
  (void) uv_ip4_addr("127.0.0.1", 0, &address);
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *) &address, len) != 0 ||
      listen(listener, 1) != 0 ||
      getsockname(listener, (struct sockaddr *) &address, &len) != 0 ||
      connect(client, (struct sockaddr *) &address, len) != 0)
    return -1;
  peer = accept(listener, NULL, NULL);
  (void) close(listener);
  (void) uv_tcp_init(loop, &ours.tcp);
  return uv_tcp_open(&ours.tcp, client);
}

int peer_teardown(void **state) {
  hang_up();
  if (!uv_is_closing((uv_handle_t *) stream))
    uv_close((uv_handle_t *) stream, NULL);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the handle is closed */
  return harness_teardown(state);
}

void say(const char *text) {
  assert_int_equal(write(peer, text, strlen(text)), (ssize_t) strlen(text));
}

void hang_up(void) {
  if (peer >= 0)
    (void) close(peer);
  peer = -1;
}

bool reads(void) {
  return uv_is_active((uv_handle_t *) stream) != 0;
}

void turn(void) {
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the stream keeps it alive */
}
