/* SPDX-License-Identifier: MIT */
#include "pumped.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

uv_pipe_t ours[2];
uv_stream_t *const from = (uv_stream_t *) &ours[0];
uv_stream_t *const to = (uv_stream_t *) &ours[1];
int peers[2];

int pump_setup(void **state) {
  if (harness_setup(state) != 0)
    return -1;
  for (int i = 0; i < 2; i++) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
      return -1;
    peers[i] = fds[1];
    (void) fcntl(fds[1], F_SETFL, O_NONBLOCK); /* otherwise tests would block */
    (void) uv_pipe_init(loop, &ours[i], 0);
    if (uv_pipe_open(&ours[i], fds[0]) != 0)
      return -1;
  }
  return 0;
}

void leave(int i) {
  if (peers[i] >= 0)
    (void) close(peers[i]);
  peers[i] = -1;
}

int pump_teardown(void **state) {
  for (int i = 0; i < 2; i++) {
    leave(i);
    if (!uv_is_closing((uv_handle_t *) &ours[i]))
      uv_close((uv_handle_t *) &ours[i], NULL);
  }
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the handles are closed */
  return harness_teardown(state);
}

void turn_once(void) {
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the streams keep it alive */
}

void tell(const char *text) {
  assert_int_equal(write(peers[0], text, strlen(text)), (ssize_t) strlen(text));
}

void assert_told_at(int i, const char *text) {
  char data[64] = "";
  assert_int_equal(read(peers[i], data, sizeof(data)), (ssize_t) strlen(text));
  assert_string_equal(data, text);
}

void assert_told(const char *text) {
  assert_told_at(1, text);
}

avow_promise_t *start_pump(void) {
  return avow_pump(avow_uv_stream(from), avow_uv_stream(to), NULL);
}

static char pattern_at(size_t i) {
  return (char) (i * 31 + (i >> 8));
}

size_t say_pattern(size_t at, size_t end) {
  char data[PART];
  const size_t len = end - at < PART ? end - at : PART;
  for (size_t i = 0; i < len; i++)
    data[i] = pattern_at(at + i);
  const ssize_t n = write(peers[0], data, len);
  return n > 0 ? (size_t) n : 0;
}

size_t hear_pattern(size_t at) {
  char data[PART / 4];
  const ssize_t n = read(peers[1], data, sizeof(data));
  for (ssize_t i = 0; i < n; i++)
    if (data[i] != pattern_at(at + (size_t) i))
      fail_msg("byte %zu is wrong", at + (size_t) i);
  return n > 0 ? (size_t) n : 0;
}

size_t stuff(void) {
  size_t said = 0;
  for (int quiet = 0; quiet < 3; turn_once()) {
    const size_t n = say_pattern(said, LARGE);
    said += n;
    quiet = n > 0 ? 0 : quiet + 1;
  }
  return said;
}
