/* SPDX-License-Identifier: MIT */
/* Cancelable operations: streams, datagrams and connections. */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "subjects.h"

enum { ROOM = 1 << 16 };

/* Two sockets: ours belongs to the handle, and the peer's is a plain
   descriptor. */
static uv_pipe_t ours;
static int our_fd, peer;

static void open_pair(int ipc) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  our_fd = fds[0];
  peer = fds[1];
  assert_int_equal(fcntl(peer, F_SETFL, O_NONBLOCK), 0);
  assert_int_equal(uv_pipe_init(loop, &ours, ipc), 0);
  assert_int_equal(uv_pipe_open(&ours, our_fd), 0);
}

static void set_pair(void) {
  open_pair(0);
}

static void close_now(void *handle) {
  close_handle(handle, NULL);
  run();
}

static void strike_pair(void) {
  close_now(&ours);
  (void) close(peer);
}

static avow_stream_t stream(void) {
  return avow_uv_stream((uv_stream_t *) &ours);
}

/* Fills the socket so that the next send must wait. */
static void fill(int fd) {
  static const char much[ROOM];
  size_t len = ROOM;
  while (len > 0) {
    if (write(fd, much, len) < 0)
      len /= 2; /* until there is no free byte */
  }
}

static void set_full_pair(void) {
  set_pair();
  fill(our_fd);
}

static void drain(void) {
  static char data[ROOM];
  while (recv(peer, data, ROOM, 0) > 0)
    ;
}

static avow_promise_t *start_read(void) {
  return avow_read(stream(), 100);
}

static avow_promise_t *start_read_into(void) {
  static char buffer[6];
  return avow_read_into(stream(), buffer, sizeof(buffer), sizeof(buffer));
}

static avow_promise_t *start_read_all(void) {
  return avow_read_all(stream(), 100);
}

static void say(const char *text) {
  (void) send(peer, text, strlen(text), MSG_NOSIGNAL); /* may be closed */
}

static void say_half(void) {
  say("hel");
}

static void say_line(void) {
  say("hello\n");
}

static void say_all(void) {
  say("hello");
  (void) shutdown(peer, SHUT_WR); /* may be closed */
}

static avow_promise_t *start_write(void) {
  return avow_write(stream(), avow_string("hello"));
}

static avow_promise_t *start_shutdown(void) {
  avow_unref(start_write());
  return avow_shutdown(stream());
}

static avow_promise_t *start_close(void) {
  avow_unref(start_read());
  return avow_close_handle((uv_handle_t *) &ours);
}

static avow_channel_t *channel;

static avow_promise_t *next_of(avow_channel_t *made) {
  channel = made;
  return avow_channel_next(channel);
}

static void end_channel(void) {
  avow_channel_unref(channel);
  channel = NULL;
}

static avow_promise_t *next_chunk(void) {
  return next_of(avow_chunks(stream(), 100, 1));
}

static void strike_chunks(void) {
  end_channel();
  strike_pair();
}

static avow_reader_t *reader;

static void set_reader(void) {
  set_pair();
  reader = avow_reader_new(stream());
}

static void strike_reader(void) {
  avow_reader_unref(reader);
  strike_pair();
}

static avow_promise_t *reader_next(void) {
  return avow_reader_next(reader, 10);
}

static avow_promise_t *reader_exactly(void) {
  return avow_reader_exactly(reader, 5);
}

static avow_promise_t *reader_until(void) {
  return avow_reader_until(reader, avow_string("o"), 10);
}

static avow_promise_t *reader_line(void) {
  return avow_reader_line(reader, 10);
}

static avow_promise_t *reader_all(void) {
  return avow_reader_all(reader, 10);
}

static avow_promise_t *patient_reader(void) {
  avow_reader_set_idle(reader, 60000);
  return reader_line();
}

/* Target of a pump. */
static uv_pipe_t target;
static int target_peer;

static void set_pump(void) {
  set_pair();
  target = ours;
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  target_peer = fds[1];
  assert_int_equal(uv_pipe_init(loop, &target, 0), 0);
  assert_int_equal(uv_pipe_open(&target, fds[0]), 0);
}

static void strike_pump(void) {
  close_now(&target);
  (void) close(target_peer);
  strike_pair();
}

static avow_promise_t *pump(void) {
  return avow_pump(stream(), avow_uv_stream((uv_stream_t *) &target), NULL);
}

static void leave(void) {
  (void) shutdown(peer, SHUT_RDWR); /* may be closed */
  (void) shutdown(our_fd, SHUT_WR);
}

static avow_promise_t *hangup(void) {
  return avow_hangup(stream());
}

/* A handle over a pipe. */

static avow_value_t cargo;

static void set_cargo(void) {
  open_pair(1);
  fill(our_fd);
  cargo = made(avow_bind(loop, "127.0.0.1", "0"));
}

static void strike_cargo(void) {
  discard(&cargo);
  strike_pair();
}

static avow_promise_t *write_handle(void) {
  return avow_write_handle((uv_stream_t *) &ours, avow_string("hello"),
                           avow_value_ref(&cargo));
}

/* Datagrams. */

static uv_udp_t udp;

static void set_udp(void) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
  our_fd = fds[0];
  peer = fds[1];
  assert_int_equal(fcntl(peer, F_SETFL, O_NONBLOCK), 0);
  assert_int_equal(uv_udp_init(loop, &udp), 0);
  assert_int_equal(uv_udp_open(&udp, our_fd), 0);
}

static void set_full_udp(void) {
  set_udp();
  while (write(our_fd, "x", 1) == 1)
    ;
}

static void strike_udp(void) {
  end_channel();
  close_now(&udp);
  (void) close(peer);
}

static avow_promise_t *udp_send(void) {
  return avow_udp_send(&udp, avow_string("hello"), NULL);
}

static avow_promise_t *next_datagram(void) {
  return next_of(avow_datagrams(&udp, 1));
}

/* A server that accepts connections or leaves them pending. */

static avow_value_t server;
static struct sockaddr_in address;
static char port[8];
static int client = -1;

static void set_server(void) {
  int len = sizeof(address);
  server = made(avow_bind(loop, "127.0.0.1", "0"));
  assert_int_equal(uv_tcp_getsockname((uv_tcp_t *) avow_stream_handle(
                                          avow_to_stream(&server)),
                                      (struct sockaddr *) &address, &len),
                   0);
  (void) snprintf(port, sizeof(port), "%d",
                  ntohs(address.sin_port)); /* it fits */
}

static void let_wait(uv_stream_t *stream, int status) {
}

static void set_waiting_server(void) {
  set_server();
  assert_int_equal(uv_listen(avow_stream_handle(avow_to_stream(&server)), 8,
                             let_wait),
                   0);
}

static void strike_server(void) {
  end_channel();
  discard(&server);
  if (client >= 0)
    (void) close(client);
  client = -1;
}

static avow_promise_t *next_connection(void) {
  return next_of(
      avow_connections(avow_stream_handle(avow_to_stream(&server)), NULL));
}

static void come(void) {
  client = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(client >= 0);
  assert_int_equal(fcntl(client, F_SETFL, O_NONBLOCK), 0);
  (void) connect(client, (const struct sockaddr *) &address, sizeof(address));
}

static uv_tcp_t tcp;

static void set_tcp(void) {
  set_waiting_server();
  assert_int_equal(uv_tcp_init(loop, &tcp), 0);
}

static void strike_tcp(void) {
  discard(&server);
  close_now(&tcp);
}

static avow_promise_t *tcp_connect(void) {
  return avow_tcp_connect(&tcp, (const struct sockaddr *) &address);
}

static avow_promise_t *close_reset(void) {
  return avow_close_reset(&tcp);
}

static void set_reset(void) {
  set_tcp();
  assert_fulfills_none(tcp_connect());
}

static avow_promise_t *close_value(void) {
  return avow_close(avow_to_stream(&server));
}

static avow_promise_t *start_connect(void) {
  return avow_connect(loop, "localhost", port);
}

static avow_promise_t *tcp_connect_host(void) {
  return avow_tcp_connect_host(&tcp, "localhost", port);
}

static avow_promise_t *start_bind(void) {
  return avow_bind(loop, "localhost", "0");
}

/* A server with a name in the directory. */

static int listener;

static void set_pipe(void) {
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  (void) snprintf(name.sun_path, sizeof(name.sun_path), "%s", at("socket"));
  listener = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(listener, (struct sockaddr *) &name, sizeof(name)), 0);
  assert_int_equal(listen(listener, 8), 0);
  assert_int_equal(uv_pipe_init(loop, &ours, 0), 0);
}

static void strike_pipe(void) {
  close_now(&ours);
  (void) close(listener);
}

static avow_promise_t *pipe_connect(void) {
  return avow_pipe_connect(&ours, at("socket"));
}

static avow_promise_t *connect_pipe(void) {
  return avow_connect_path(loop, at("socket"));
}

static avow_promise_t *bind_path(void) {
  return avow_bind_path(loop, at("socket"), NULL);
}

static const subject_t subjects[] = {
  { "avow_tcp_connect", BY_ITSELF, AT_ONCE, tcp_connect, .set = set_tcp,
    .strike = strike_tcp },
  { "avow_pipe_connect", BY_ITSELF, AT_ONCE, pipe_connect, .set = set_pipe,
    .strike = strike_pipe },
  { "avow_read", WHEN_TOLD, AT_ONCE, start_read, say_line, .set = set_pair,
    .strike = strike_pair },
  { "avow_read_into", WHEN_TOLD, AT_ONCE, start_read_into, say_line, say_half,
    set_pair, strike_pair },
  { "avow_read_all", WHEN_TOLD, AT_ONCE, start_read_all, say_all, say_half,
    set_pair, strike_pair },
  { "avow_write", WHEN_TOLD, AT_ONCE, start_write, drain, .set = set_full_pair,
    .strike = strike_pair },
  { "avow_write_handle", WHEN_TOLD, AT_ONCE, write_handle, drain,
    .set = set_cargo, .strike = strike_cargo },
  { "avow_shutdown", WHEN_TOLD, AT_ONCE, start_shutdown, drain,
    .set = set_full_pair, .strike = strike_pair },
  { "avow_chunks", WHEN_TOLD, AT_ONCE, next_chunk, say_line, .set = set_pair,
    .strike = strike_chunks },
  { "avow_pump", WHEN_TOLD, AT_ONCE, pump, say_all, say_half, set_pump,
    strike_pump },
  { "avow_hangup", WHEN_TOLD, UNWINDS, hangup, leave, .set = set_pair,
    .strike = strike_pair },
  { "avow_close_handle", BY_ITSELF, NEVER, start_close, .set = set_pair,
    .strike = strike_pair },
  { "avow_close", BY_ITSELF, NEVER, close_value, .set = set_server,
    .strike = strike_server },
  { "avow_close_reset", BY_ITSELF, NEVER, close_reset, .set = set_reset,
    .strike = strike_tcp },
  { "avow_reader_next", WHEN_TOLD, AT_ONCE, reader_next, say_line,
    .set = set_reader, .strike = strike_reader },
  { "avow_reader_exactly", WHEN_TOLD, AT_ONCE, reader_exactly, say_line,
    say_half, set_reader, strike_reader },
  { "avow_reader_until", WHEN_TOLD, AT_ONCE, reader_until, say_line, say_half,
    set_reader, strike_reader },
  { "avow_reader_line", WHEN_TOLD, AT_ONCE, reader_line, say_line, say_half,
    set_reader, strike_reader },
  { "avow_reader_line with a limit", WHEN_TOLD, AT_ONCE, patient_reader,
    say_line, say_half, set_reader, strike_reader },
  { "avow_reader_all", WHEN_TOLD, AT_ONCE, reader_all, say_all, say_half,
    set_reader, strike_reader },
  { "avow_udp_send", WHEN_TOLD, AT_ONCE, udp_send, drain, .set = set_full_udp,
    .strike = strike_udp },
  { "avow_datagrams", WHEN_TOLD, AT_ONCE, next_datagram, say_line,
    .set = set_udp, .strike = strike_udp },
  { "avow_connect", IN_POOL, AT_ONCE, start_connect, .set = set_waiting_server,
    .strike = strike_server },
  { "avow_tcp_connect_host", IN_POOL, AT_ONCE, tcp_connect_host, .set = set_tcp,
    .strike = strike_tcp },
  { "avow_connect_path", BY_ITSELF, AT_ONCE, connect_pipe, .set = set_pipe,
    .strike = strike_pipe },
  { "avow_bind", IN_POOL, AT_ONCE, .start = start_bind },
  { "avow_bind_path", BY_ITSELF, TOO_LATE, .start = bind_path },
  { "avow_connections", WHEN_TOLD, AT_ONCE, next_connection, come,
    .set = set_server, .strike = strike_server },
};

const subjects_t net_subjects = SUBJECTS(subjects);
