/* SPDX-License-Identifier: MIT */
/* Streams of descriptors of any type. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "disk.h"
#include "streamed.h"

static void file_is_opened_at_its_position(void **state) {
  fill("hello you");
  assert_int_equal(lseek(file, 6, SEEK_SET), 6);

  opened = avow_open_stream(loop, file);

  assert_fulfills_bytes(avow_read_all(opened_stream(), 9), "you");
  assert_null(avow_stream_handle(opened_stream()));
}

static void assert_exchanges_data(int fd, int peer, uv_handle_type type) {
  char data[9] = "";
  opened = avow_open_stream(loop, fd);
  assert_int_equal(avow_stream_handle(opened_stream())->type, type);

  assert_int_equal(write(peer, "you\n", 4), 4);
  assert_fulfills_bytes(avow_read(opened_stream(), 9), "you\n");
  assert_fulfills_int(avow_write(opened_stream(), avow_string("hello")), 5);
  assert_int_equal(read(peer, data, sizeof(data)), 5);

  assert_fulfills_none(avow_close(opened_stream()));
  assert_int_equal(fcntl(fd, F_GETFD) & ~FD_CLOEXEC, 0); /* it is open */
  (void) close(fd);
  (void) close(peer);
}

static void socket_is_opened(void **state) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);

  assert_exchanges_data(fds[0], fds[1], UV_NAMED_PIPE);
}

/* Opens a terminal. Stores the descriptor of its other side in `*peer`. */
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
  assert_int_equal(avow_stream_handle(opened_stream())->type, UV_TTY);

  assert_int_equal(write(peer, "you\n", 4), 4);
  assert_fulfills_bytes(avow_read(opened_stream(), 9), "you\n");
  assert_int_equal(read(peer, data, sizeof(data)), 5); /* the terminal's echo */

  avow_value_clear(&opened);
  assert_true(fcntl(fd, F_GETFD) >= 0);
  (void) close(fd);
  (void) close(peer);
}

static void reopened_terminal_is_closed(void **state) {
  int peer;
  const int fd = open_terminal(&peer);
  opened = avow_open_stream(loop, fd);
  assert_fulfills_none(
      avow_close(opened_stream())); /* opens what the loop needs */
  avow_value_clear(&opened);
  const int before = open_files();

  opened = avow_open_stream(loop, fd);
  assert_fulfills_none(avow_close(opened_stream()));

  assert_int_equal(open_files(), before);
  (void) close(fd);
  (void) close(peer);
}

static void set_raw(int fd) {
  struct termios mode;
  assert_int_equal(tcgetattr(fd, &mode), 0);
  mode.c_oflag &= ~(tcflag_t) OPOST;
  assert_int_equal(tcsetattr(fd, TCSANOW, &mode), 0);
}

/* Opens a pseudo-terminal. Our stream is its master. */
static int open_master(int *master) {
  const int fd = open_terminal(master);
  opened = avow_open_stream(loop, *master);
  set_raw(fd);
  return fd;
}

static void say(int fd, const char *text) {
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* The loop reads the available data. */
static void turn(void) {
  for (int i = 0; i < 3; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT); /* the reader keeps it alive */
}

static void close_master(int master) {
  avow_value_clear(&opened);
  (void) close(master);
}

static void read_all_ends_with_the_terminal(void **state) {
  int master;
  const int fd = open_master(&master);
  avow_promise_t *p = avow_read_all(opened_stream(), 100);
  say(fd, "all");
  turn();

  (void) close(fd);

  assert_fulfills_bytes(p, "all");
  close_master(master);
}

static void read_at_the_end_of_a_terminal_gives_none(void **state) {
  int master;
  const int fd = open_master(&master);
  say(fd, "all");
  assert_fulfills_bytes(avow_read(opened_stream(), 100), "all");

  (void) close(fd);

  assert_fulfills_none(avow_read(opened_stream(), 100));
  close_master(master);
}

static void end_of_a_terminal_ends_chunks(void **state) {
  int master;
  const int fd = open_master(&master);
  avow_channel_t *chunks = avow_chunks(opened_stream(), 100, 0);
  say(fd, "all");
  assert_fulfills_bytes(avow_channel_next(chunks), "all");

  (void) close(fd);

  assert_fulfills_none(avow_channel_next(chunks));
  avow_channel_unref(chunks);
  close_master(master);
}

static void end_of_a_terminal_ends_a_pump(void **state) {
  int master, fds[2];
  const int fd = open_master(&master);
  assert_int_equal(pipe(fds), 0);
  avow_value_t to = avow_open_stream(loop, fds[1]);
  avow_promise_t *p = avow_pump(opened_stream(), avow_to_stream(&to), NULL);
  say(fd, "all");
  turn();

  (void) close(fd);

  assert_fulfills_int(p, 3);
  avow_value_clear(&to);
  (void) close(fds[0]);
  (void) close(fds[1]);
  close_master(master);
}

/* The system returns at most 4,095 bytes for each read. */
static void all_data_precedes_the_end_of_a_terminal(void **state) {
  char much[6001];
  int master, fds[2];
  memset(much, 'x', sizeof(much) - 1);
  much[sizeof(much) - 1] = '\0';
  for (int way = 0; way < 2; way++) {
    const int fd = open_master(&master);
    assert_int_equal(pipe(fds), 0);
    avow_value_t to = avow_open_stream(loop, fds[1]);
    say(fd, much);
    (void) close(fd);

    if (way == 0)
      assert_fulfills_bytes(avow_read_all(opened_stream(), 9000), much);
    else
      assert_fulfills_int(avow_pump(opened_stream(), avow_to_stream(&to), NULL),
                          6000);

    avow_value_clear(&to);
    (void) close(fds[0]);
    (void) close(fds[1]);
    close_master(master);
  }
}

static void all_chunks_precede_the_end_of_a_terminal(void **state) {
  char much[6000] = "";
  size_t sum = 0, len = 1;
  int master;
  const int fd = open_master(&master);
  avow_channel_t *chunks = avow_chunks(opened_stream(), 5000, 0);
  assert_int_equal(write(fd, much, sizeof(much)), sizeof(much));
  (void) close(fd);

  while (len > 0) {
    const avow_value_t v = avow_run(avow_channel_next(chunks));
    len = 0;
    if (v.tag == AVOW_BYTES)
      (void) avow_to_bytes(&v, &len); /* stores the length */
    sum += len;
    avow_value_unref(v);
  }

  assert_int_equal(sum, sizeof(much));
  avow_channel_unref(chunks);
  close_master(master);
}

/* The program's own handle, of the type that libuv guesses. */
static void read_all_ends_with_a_terminal_of_the_program(void **state) {
  uv_tty_t tty;
  int master;
  const int fd = open_terminal(&master);
  set_raw(fd);
  assert_int_equal(uv_tty_init(loop, &tty, master, 0), 0);
  const avow_stream_t of_tty = avow_uv_stream((uv_stream_t *) &tty);
  avow_promise_t *p = avow_read_all(of_tty, 100);
  say(fd, "all");
  turn();

  (void) close(fd);

  assert_fulfills_bytes(p, "all");
  assert_fulfills_none(avow_close(of_tty));
}

static void master_of_a_terminal_does_not_block(void **state) {
  int master;
  const int fd = open_master(&master);

  assert_true((fcntl(master, F_GETFL) & O_NONBLOCK) != 0);

  (void) close(fd);
  close_master(master);
}

/* Pumps a file to the descriptor, and checks that the peer receives all of
   it. */
static void assert_ends_well(int fd, int peer) {
  char data[20] = "";
  fill("hello you");
  opened = avow_file_stream(loop, file, 0, UINT64_MAX);
  avow_value_t to = avow_open_stream(loop, fd);

  assert_fulfills_int(avow_pump(opened_stream(), avow_to_stream(&to), NULL), 9);

  assert_int_equal(read(peer, data, sizeof(data)), 9);
  assert_string_equal(data, "hello you");
  assert_rejects(avow_shutdown(avow_to_stream(&to)), UV_ENOTCONN);
  assert_rejects(avow_write(avow_to_stream(&to), avow_string("x")), UV_EPIPE);
  avow_value_clear(&to);
  (void) close(fd);
  (void) close(peer);
}

static void pump_to_a_pipe_shuts_it_down(void **state) {
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  assert_ends_well(fds[1], fds[0]);
}

static void pump_to_a_terminal_shuts_it_down(void **state) {
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

  assert_fulfills_int(avow_pump(opened_stream(), avow_to_stream(&to), NULL), 5);

  assert_int_equal(read(out[0], data, sizeof(data)), 5);
  avow_value_clear(&to);
  assert_fulfills_none(avow_close(opened_stream()));
  (void) close(in[0]);
  (void) close(out[0]);
  (void) close(out[1]);
}

static void unsuitable_descriptors_are_refused(void **state) {
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

static void open_stream_without_memory_is_refused(void **state) {
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
    IN_FILE(file_is_opened_at_its_position),
    IN_FILE(socket_is_opened),
    IN_FILE(terminal_is_opened),
    IN_FILE(reopened_terminal_is_closed),
    IN_FILE(read_all_ends_with_the_terminal),
    IN_FILE(read_at_the_end_of_a_terminal_gives_none),
    IN_FILE(end_of_a_terminal_ends_chunks),
    IN_FILE(end_of_a_terminal_ends_a_pump),
    IN_FILE(all_data_precedes_the_end_of_a_terminal),
    IN_FILE(all_chunks_precede_the_end_of_a_terminal),
    IN_FILE(read_all_ends_with_a_terminal_of_the_program),
    IN_FILE(master_of_a_terminal_does_not_block),
    IN_FILE(pump_to_a_pipe_shuts_it_down),
    IN_FILE(pump_to_a_terminal_shuts_it_down),
    IN_FILE(pipe_is_pumped_to_a_pipe),
    IN_FILE(unsuitable_descriptors_are_refused),
    IN_FILE(open_stream_without_memory_is_refused),
  };
  return RUN(tests);
}
