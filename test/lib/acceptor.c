/* SPDX-License-Identifier: MIT */
#include "acceptor.h"

#include <netinet/in.h>
#include <stdio.h>

avow_value_t server, accepted[ACCEPTED];
size_t accepted_count;
char server_port[8];

uv_stream_t *stream_of(const avow_value_t *v) {
  return avow_stream_handle(avow_to_stream(v));
}

uv_handle_t *handle_of(const avow_value_t *v) {
  return (uv_handle_t *) stream_of(v);
}

int port_of(const avow_value_t *v) {
  struct sockaddr_in address;
  int len = sizeof(address);
  assert_int_equal(uv_tcp_getsockname((const uv_tcp_t *) stream_of(v),
                                      (struct sockaddr *) &address, &len),
                   0);
  return ntohs(address.sin_port);
}

void on_connection(uv_stream_t *listener, int status) {
  assert_int_equal(status, 0);
  assert_true(accepted_count < ACCEPTED);
  accepted[accepted_count++] = avow_accept(listener);
}

int acceptor_setup(void **state) {
  accepted_count = 0;
  if (harness_setup(state) != 0)
    return -1;
  server = avow_run(avow_bind(loop, "127.0.0.1", "0"));
  (void) snprintf(server_port, sizeof(server_port), "%d",
                  port_of(&server)); /* the text fits */
  return uv_listen(stream_of(&server), 8, on_connection);
}

void drop(avow_value_t *v) {
  const avow_value_t gone = *v;
  *v = avow_none();
  avow_value_unref(gone);
}

int acceptor_teardown(void **state) {
  drop(&server);
  for (size_t i = 0; i < accepted_count; i++)
    drop(&accepted[i]);
  run();
  return harness_teardown(state);
}

void turn_thrice(void) {
  for (int i = 0; i < 3; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT); /* the server keeps the loop alive */
}

avow_promise_t *connect_to_server(void) {
  return avow_connect(loop, "127.0.0.1", server_port);
}

void wait_for(size_t n) {
  while (accepted_count < n)
    (void) uv_run(loop, UV_RUN_ONCE); /* the server keeps the loop alive */
}

avow_value_t connected(void) {
  const size_t before = accepted_count;
  const avow_value_t v = avow_run(connect_to_server());
  assert_string_equal(avow_error_message(&v), "no error");
  wait_for(before + 1);
  return v;
}

void assert_hears(const avow_value_t *v, const char *text) {
  const avow_value_t bytes = avow_run(avow_read(avow_to_stream(v), 100));
  assert_string_equal(avow_to_bytes(&bytes, NULL), text);
  avow_value_unref(bytes);
}

void assert_hears_the_end(const avow_value_t *v) {
  assert_fulfills_none(avow_read(avow_to_stream(v), 100));
}

void close_cb(uv_handle_t *handle, void *arg) {
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}
