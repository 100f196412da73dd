/* SPDX-License-Identifier: MIT */
/* Streams of descriptors, whatever these are. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "streamed.h"

static void file_is_opened_where_it_stands(void **state) {
  fill("hello you");
  assert_int_equal(lseek(file, 6, SEEK_SET), 6);

  opened = avow_open_stream(loop, file);

  assert_fulfils_bytes(avow_read_all(stream(), 9), "you");
  assert_null(avow_stream_handle(stream()));
}

static void assert_talks(int fd, int peer, uv_handle_type type) {
  char data[9] = "";
  opened = avow_open_stream(loop, fd);
  assert_int_equal(avow_stream_handle(stream())->type, type);

  assert_int_equal(write(peer, "you\n", 4), 4);
  assert_fulfils_bytes(avow_read(stream(), 9), "you\n");
  assert_fulfils_int(avow_write(stream(), avow_string("hello")), 5);
  assert_int_equal(read(peer, data, sizeof(data)), 5);

  assert_fulfils_none(avow_close(stream()));
  assert_int_equal(fcntl(fd, F_GETFD) & ~FD_CLOEXEC, 0); /* it is open */
  (void) close(fd);
  (void) close(peer);
}

static void socket_is_opened(void **state) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);

  assert_talks(fds[0], fds[1], UV_NAMED_PIPE);
}

/* And who sits at it. */
static int open_terminal(int *peer) {
  *peer = posix_openpt(O_RDWR | O_NOCTTY);
  if (*peer < 0 || grantpt(*peer) != 0 || unlockpt(*peer) != 0)
    skip_because("there are no terminals");
  const int fd = open(ptsname(*peer), O_RDWR | O_NOCTTY);
  assert_true(fd >= 0);
  return fd;
}

static void terminal_is_opened(void **state) {
  int peer;
  const int fd = open_terminal(&peer);
  char data[20] = "";
  opened = avow_open_stream(loop, fd);
  assert_int_equal(avow_stream_handle(stream())->type, UV_TTY);

  assert_int_equal(write(peer, "you\n", 4), 4);
  assert_fulfils_bytes(avow_read(stream(), 9), "you\n");
  assert_int_equal(read(peer, data, sizeof(data)), 5); /* what it echoes */

  avow_value_clear(&opened);
  assert_true(fcntl(fd, F_GETFD) >= 0);
  (void) close(fd);
  (void) close(peer);
}

/* All that a file has goes to the descriptor, and comes out at the peer. */
static void assert_ends_well(int fd, int peer) {
  char data[20] = "";
  fill("hello you");
  opened = avow_file_stream(loop, file, 0, UINT64_MAX);
  avow_value_t to = avow_open_stream(loop, fd);

  assert_fulfils_int(avow_pump(stream(), avow_to_stream(&to), NULL), 9);

  assert_int_equal(read(peer, data, sizeof(data)), 9);
  assert_string_equal(data, "hello you");
  assert_rejects(avow_shutdown(avow_to_stream(&to)), UV_ENOTCONN);
  assert_rejects(avow_write(avow_to_stream(&to), avow_string("x")), UV_EPIPE);
  avow_value_clear(&to);
  (void) close(fd);
  (void) close(peer);
}

static void pipe_is_shut_down_as_far_as_it_goes(void **state) {
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  assert_ends_well(fds[1], fds[0]);
}

static void terminal_is_shut_down_as_far_as_it_goes(void **state) {
  int peer;
  const int fd = open_terminal(&peer);
  assert_ends_well(fd, peer);
}

static void pipe_is_pumped_to_a_pipe(void **state) {
  int in[2], out[2];
  char data[20] = "";
  assert_int_equal(pipe(in), 0);
  assert_int_equal(pipe(out), 0);
  opened = avow_open_stream(loop, in[0]);
  avow_value_t to = avow_open_stream(loop, out[1]);
  assert_int_equal(write(in[1], "hello", 5), 5);
  (void) close(in[1]);

  assert_fulfils_int(avow_pump(stream(), avow_to_stream(&to), NULL), 5);

  assert_int_equal(read(out[0], data, sizeof(data)), 5);
  avow_value_clear(&to);
  assert_fulfils_none(avow_close(stream()));
  (void) close(in[0]);
  (void) close(out[0]);
  (void) close(out[1]);
}

static void what_is_no_stream_is_refused(void **state) {
  const int directory = open("/tmp", O_RDONLY);

  opened = avow_open_stream(loop, 1 << 20);
  assert_int_equal(avow_error_code(&opened), UV_EBADF);
  avow_value_clear(&opened);
  opened = avow_open_stream(loop, directory);
  assert_int_equal(avow_error_code(&opened), UV_ENOTSUP);
  assert_string_equal(avow_error_message(&opened),
                      "open stream: operation not supported");

  (void) close(directory);
}

static void opening_needs_memory(void **state) {
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  for (long nth = 1; nth <= 2; nth++) {
    fail_allocation(nth, false);
    opened = avow_open_stream(loop, fds[0]);
    fail_allocation(0, false);
    assert_int_equal(avow_error_code(&opened), UV_ENOMEM);
    avow_value_clear(&opened);
  }
  (void) close(fds[0]);
  (void) close(fds[1]);
}

SUITE(open_stream) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    IN_FILE(file_is_opened_where_it_stands),
    IN_FILE(socket_is_opened),
    IN_FILE(terminal_is_opened),
    IN_FILE(pipe_is_shut_down_as_far_as_it_goes),
    IN_FILE(terminal_is_shut_down_as_far_as_it_goes),
    IN_FILE(pipe_is_pumped_to_a_pipe),
    IN_FILE(what_is_no_stream_is_refused),
    IN_FILE(opening_needs_memory),
  };
  return RUN(tests);
}
