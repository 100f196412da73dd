/* SPDX-License-Identifier: MIT */
/* Out of memory: names, pipes, datagrams and connections survive it. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "uv/happy_eyeballs.h"

#include "torture.h"

/* A timeout that expires only if no other event can occur: the virtual clock
   advances by itself. */
enum { HOUR = 3600 * 1000 };

static avow_promise_t *names(void) {
  struct sockaddr_in address;
  (void) uv_ip4_addr("127.0.0.1", 80, &address); /* the text is an address */
  const int flags = NI_NUMERICHOST;              /* the port is looked up */
  avow_promise_t *ps[] = {
    avow_getnameinfo(loop, (const struct sockaddr *) &address, flags),
    avow_getnameinfo(loop, (const struct sockaddr *) &address, flags),
    avow_getnameinfo(loop, NULL, flags),
  };
  avow_cancel(ps[1]);
  return avow_all_settled(loop, ps, 3);
}

static void names_survive(void **state) {
  survive(names);
}

static uv_udp_t udp;

static avow_value_t close_fn(void *data) {
  return avow_follow(avow_close_handle(data));
}

static avow_promise_t *datagrams(void) {
  struct sockaddr_in address;
  (void) uv_ip4_addr("127.0.0.1", 9, &address); /* the text is an address */
  assert_int_equal(uv_udp_init(loop, &udp), 0);
  avow_promise_t *p = avow_udp_send(&udp, avow_string("hello"),
                                    (const struct sockaddr *) &address);
  return avow_finally(p, close_fn, &udp);
}

static void datagrams_survive(void **state) {
  survive(datagrams);
}

static uv_pipe_t client, server;
static uv_tcp_t tcp;

static void on_connection(uv_stream_t *listener, int status) {
}

static avow_value_t reset_fn(void *data) {
  return avow_follow(avow_close_reset(&tcp));
}

static void set_path(char *path, size_t room) {
  size_t size = room - 20;
  assert_int_equal(uv_os_tmpdir(path, &size), 0);
  (void) snprintf(path + size, 20, "/avow-%d", (int) getpid()); /* fits */
  (void) unlink(path);
}

static avow_promise_t *pipes(void) {
  char path[64];
  set_path(path, sizeof(path));
  assert_int_equal(uv_tcp_init_ex(loop, &tcp, AF_INET), 0);
  assert_int_equal(uv_pipe_init(loop, &server, 0), 0);
  assert_int_equal(uv_pipe_init(loop, &client, 0), 0);
  if (uv_pipe_bind(&server, path) == 0)
    (void) uv_listen((uv_stream_t *) &server, 1, on_connection); /* or none */
  avow_promise_t *p = avow_pipe_connect(&client, path);
  p = avow_finally(p, close_fn, &client);
  p = avow_finally(p, close_fn, &server);
  return avow_finally(p, reset_fn, NULL);
}

static void pipes_survive(void **state) {
  survive(pipes);
}

static avow_promise_t *own_handles(void) {
  assert_int_equal(uv_tcp_init(loop, &tcp), 0);
  avow_promise_t *p = avow_tcp_connect_host(&tcp, "127.0.0.1", "1");
  p = avow_finally(p, close_fn, &tcp);
  return avow_all_settled(loop, &p, 1);
}

static void own_handles_survive(void **state) {
  survive(own_handles);
}

/* Connections by name. The program's own libuv calls may fail too. */

static avow_value_t listener, met;
static char port[8];

static void drop(void *value) {
  const avow_value_t gone = *(avow_value_t *) value;
  *(avow_value_t *) value = avow_none();
  avow_value_unref(gone);
}

static avow_value_t end_fn(void *data) {
  drop(&listener);
  drop(&met);
  return avow_none();
}

static void on_met(uv_stream_t *from, int status) {
  drop(&met);
  met = avow_accept(from);
}

static avow_value_t close_listener_fn(void *data) {
  if (avow_is_none(&listener)) /* out of memory */
    return avow_none();
  return avow_follow(avow_close(avow_to_stream(&listener)));
}

static avow_value_t write_cb(const avow_value_t *stream, void *data) {
  return avow_follow(avow_write(avow_to_stream(stream), avow_string("hello")));
}

static avow_value_t connect_cb(const avow_value_t *arg, void *data) {
  struct sockaddr_in address;
  int len = sizeof(address);
  listener = avow_value_ref(arg);
  const int err = uv_listen(avow_stream_handle(avow_to_stream(arg)), 8, on_met);
  if (err != 0)
    return avow_error(err);
  (void) uv_tcp_getsockname((uv_tcp_t *) avow_stream_handle(
                                avow_to_stream(arg)),
                            (struct sockaddr *) &address, &len); /* bound */
  (void) snprintf(port, sizeof(port), "%d", ntohs(address.sin_port)); /* fits */
  avow_promise_t *ps[] = { avow_connect(loop, "127.0.0.1", port),
                           avow_connect(loop, "127.0.0.1", port),
                           avow_connect(loop, "127.0.0.1", "1"),
                           avow_connect_path(loop, "/nowhere/at/all") };
  avow_cancel(ps[1]);
  ps[0] = avow_then(ps[0], write_cb, NULL, NULL);
  return avow_follow(avow_all_settled(loop, ps, 4));
}

static avow_promise_t *bound_names(void) {
  const avow_bind_path_options_t options = { .mode = 0600, .takes_over = true };
  char path[64];
  set_path(path, sizeof(path));
  return avow_bind_path(loop, path, &options);
}

static void bound_names_survive(void **state) {
  survive(bound_names);
}

static avow_promise_t *connections(void) {
  avow_promise_t *p = avow_bind(loop, "127.0.0.1", "0");
  p = avow_then(p, connect_cb, NULL, NULL);
  p = avow_finally(p, close_listener_fn, NULL);
  return avow_finally(p, end_fn, NULL);
}

static void connections_survive(void **state) {
  survive(connections);
}

static uv_pipe_t ends[2];

static avow_value_t accept_cb(const avow_value_t *arg, void *data) {
  avow_value_unref(avow_accept((uv_stream_t *) &ends[1]));
  return avow_none();
}

static avow_value_t hand_over_cb(const avow_value_t *arg, void *data) {
  avow_unref(avow_write_handle((uv_stream_t *) &ends[0], avow_string("hello"),
                               avow_value_ref(arg)));
  avow_promise_t *p = avow_read(avow_uv_stream((uv_stream_t *) &ends[1]), 100);
  p = avow_timeout(p, HOUR); /* if nothing was sent */
  return avow_follow(avow_then(p, accept_cb, accept_cb, NULL));
}

static avow_promise_t *transfer_handle(void) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(uv_pipe_init(loop, &ends[i], 1), 0);
    assert_int_equal(uv_pipe_open(&ends[i], fds[i]), 0);
  }
  avow_promise_t *p = avow_bind(loop, "127.0.0.1", "0");
  p = avow_then(p, hand_over_cb, NULL, NULL);
  p = avow_finally(p, close_fn, &ends[0]);
  return avow_finally(p, close_fn, &ends[1]);
}

static void handle_transfer_survives(void **state) {
  survive_by(AVOW_CLOCK_BY_ITSELF, transfer_handle);
}

/* Two addresses that refuse in turn. */
static avow_promise_t *race(void) {
  static struct sockaddr_in first, second;
  static struct addrinfo list[2];
  (void) uv_ip4_addr("127.0.0.1", 1, &first);  /* the text is an address */
  (void) uv_ip4_addr("127.0.0.1", 2, &second); /* the text is an address */
  list[0] = (struct addrinfo){ .ai_family = AF_INET,
                               .ai_addr = (struct sockaddr *) &first,
                               .ai_next = &list[1] };
  list[1] = (struct addrinfo){ .ai_family = AF_INET,
                               .ai_addr = (struct sockaddr *) &second };
  avow_promise_t *ps[] = { avow__connect_any(loop, list, duty_object(), 1),
                           avow__connect_any(loop, list, duty_object(), 0) };
  return avow_all_settled(loop, ps, 2);
}

static void race_survives(void **state) {
  survive(race);
}

/* Opens one of two sockets as a handle. The other socket has sent "hello" and
   ended. */
static int open_end(uv_pipe_t *pipe) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  assert_int_equal(uv_pipe_init(loop, pipe, 0), 0);
  assert_int_equal(uv_pipe_open(pipe, fds[0]), 0);
  assert_int_equal(write(fds[1], "hello", 5), 5);
  assert_int_equal(shutdown(fds[1], SHUT_WR), 0);
  return fds[1];
}

static int peers[2];

static avow_value_t close_peers_fn(void *data) {
  (void) close(peers[0]);
  (void) close(peers[1]);
  return avow_none();
}

static avow_promise_t *pumping(void) {
  peers[0] = open_end(&ends[0]);
  peers[1] = open_end(&ends[1]);
  avow_promise_t *p = avow_pump(avow_uv_stream((uv_stream_t *) &ends[0]),
                                avow_uv_stream((uv_stream_t *) &ends[1]), NULL);
  p = avow_finally(p, close_fn, &ends[0]);
  p = avow_finally(p, close_fn, &ends[1]);
  return avow_finally(p, close_peers_fn, NULL);
}

static void pumping_survives(void **state) {
  survive(pumping);
}

static avow_promise_t *wait_for_hangup(void) {
  (void) close(open_end(&ends[0]));
  avow_promise_t *p = avow_hangup(avow_uv_stream((uv_stream_t *) &ends[0]));
  return avow_finally(p, close_fn, &ends[0]);
}

static void hangup_survives(void **state) {
  survive(wait_for_hangup);
}

/* Channels of connections, of their data, and of datagrams. */

static avow_value_t client_of[2];

static void end_channel(void *channel) {
  avow_channel_unref(channel);
}

/* Without memory to wait for both ends, the program ends early. Then another
   program may listen at the port and accept. */
static void keep(size_t i, const avow_value_t *stream) {
  if (!avow_is_none(&listener))
    client_of[i] = avow_value_ref(stream);
}

static avow_value_t chunk_cb(const avow_value_t *arg, void *data) {
  if (avow_is_none(arg)) /* the server was closed */
    return avow_none();
  avow_channel_t *chunks = avow_chunks(avow_to_stream(arg), 100, 1);
  avow_promise_t *p = avow_channel_next(chunks);
  p = avow_timeout(p, HOUR); /* if nothing was sent */
  keep(1, arg);
  return avow_follow(avow_attach(p, chunks, end_channel));
}

static avow_value_t keep_cb(const avow_value_t *arg, void *data) {
  keep(0, arg);
  return avow_follow(avow_write(avow_to_stream(arg), avow_string("hello")));
}

static avow_value_t listen_cb(const avow_value_t *arg, void *data) {
  struct sockaddr_in address;
  int len = sizeof(address);
  const avow_connections_options_t options = { .capacity = 1 };
  listener = avow_value_ref(arg);
  avow_channel_t *channel =
      avow_connections(avow_stream_handle(avow_to_stream(arg)), &options);
  (void) uv_tcp_getsockname((uv_tcp_t *) avow_stream_handle(
                                avow_to_stream(arg)),
                            (struct sockaddr *) &address, &len); /* bound */
  (void) snprintf(port, sizeof(port), "%d", ntohs(address.sin_port)); /* fits */
  avow_promise_t *ps[] = {
    avow_then(avow_connect(loop, "127.0.0.1", port), keep_cb, NULL, NULL),
    avow_then(avow_timeout(avow_channel_next(channel), HOUR), chunk_cb, NULL,
              NULL),
  };
  avow_promise_t *p = avow_all_settled(loop, ps, 2);
  return avow_follow(avow_attach(p, channel, end_channel));
}

static avow_value_t end_conversation_fn(void *data) {
  drop(&client_of[0]);
  drop(&client_of[1]);
  drop(&listener);
  return avow_none();
}

static avow_promise_t *connections_with_chunks(void) {
  avow_promise_t *p = avow_bind(loop, "127.0.0.1", "0");
  p = avow_then(p, listen_cb, NULL, NULL);
  return avow_finally(p, end_conversation_fn, NULL);
}

static void connections_with_chunks_survive(void **state) {
  survive_some_by(AVOW_CLOCK_BY_ITSELF, connections_with_chunks, 5);
}

static avow_value_t receive_cb(const avow_value_t *arg, void *channel) {
  return avow_follow(avow_channel_next(channel));
}

static avow_promise_t *datagrams_received(void) {
  struct sockaddr_in address;
  int len = sizeof(address);
  (void) uv_ip4_addr("127.0.0.1", 0, &address); /* the text is an address */
  assert_int_equal(uv_udp_init(loop, &udp), 0);
  (void) uv_udp_bind(&udp, (struct sockaddr *) &address, 0); /* or none comes */
  (void) uv_udp_getsockname(&udp, (struct sockaddr *) &address, &len);
  avow_channel_t *channel = avow_datagrams(&udp, 1);
  avow_promise_t *p = avow_udp_send(&udp, avow_string("hello"),
                                    (const struct sockaddr *) &address);
  p = avow_then(p, receive_cb, NULL, channel);
  p = avow_attach(p, channel, end_channel);
  return avow_finally(p, close_fn, &udp);
}

static void datagrams_received_survive(void **state) {
  survive(datagrams_received);
}

static avow_reader_t *reader;

static void end_reader(void *r) {
  avow_reader_unref(r);
}

static avow_value_t next_cb(const avow_value_t *arg, void *data) {
  return avow_follow(avow_reader_next(reader, 10));
}

static avow_value_t exactly_cb(const avow_value_t *arg, void *data) {
  return avow_follow(avow_reader_exactly(reader, 1));
}

static avow_value_t until_cb(const avow_value_t *arg, void *data) {
  return avow_follow(avow_reader_until(reader, avow_string("l"), 10));
}

static avow_promise_t *reading(void) {
  peers[0] = open_end(&ends[0]);
  peers[1] = open_end(&ends[1]);
  reader = avow_reader_new(avow_uv_stream((uv_stream_t *) &ends[0]));
  avow_promise_t *p = avow_reader_exactly(reader, 1);
  p = avow_then(p, until_cb, NULL, NULL); /* data after the h */
  p = avow_then(p, exactly_cb, NULL, NULL);
  p = avow_then(p, next_cb, NULL, NULL);
  p = avow_then(p, next_cb, NULL, NULL); /* the end */
  p = avow_finally(p, close_fn, &ends[0]);
  p = avow_finally(p, close_fn, &ends[1]);
  return avow_attach(avow_finally(p, close_peers_fn, NULL), reader, end_reader);
}

static avow_value_t rest_cb(const avow_value_t *line, void *data) {
  return avow_follow(avow_reader_all(reader, 10));
}

static avow_promise_t *reading_lines(void) {
  peers[0] = open_end(&ends[0]);
  peers[1] = open_end(&ends[1]);
  reader = avow_reader_new(avow_uv_stream((uv_stream_t *) &ends[1]));
  avow_reader_set_idle(reader, HOUR); /* if memory fails, no data arrives */
  avow_promise_t *p = avow_reader_line(reader, 10);
  p = avow_then(p, rest_cb, NULL, NULL);
  p = avow_finally(p, close_fn, &ends[0]);
  p = avow_finally(p, close_fn, &ends[1]);
  return avow_attach(avow_finally(p, close_peers_fn, NULL), reader, end_reader);
}

/* Operations on an in-memory pair. */

static avow_value_t pair;

static void end_pair(void *data) {
  avow_value_unref(pair);
}

/* Keeps the pair while `p` is pending, which may be longer than its waiter. */
static avow_promise_t *keep_pair(avow_promise_t *p) {
  (void) avow_value_ref(&pair); /* end_pair() releases it */
  return avow_attach(p, NULL, end_pair);
}

static void close_pair(void *data) {
  for (size_t i = 0; i < 2; i++)
    avow_unref(avow_close(avow_to_stream(avow_list_at(&pair, i))));
  avow_value_unref(pair);
}

static avow_promise_t *exchange_in_memory(void) {
  const avow_duplex_options_t options = { .delay = 1 };
  pair = avow_duplex(loop, 4, &options);
  if (avow_is_error(&pair))
    return avow_promise_reject(loop, pair);
  const avow_stream_t from = avow_to_stream(avow_list_at(&pair, 0));
  const avow_stream_t to = avow_to_stream(avow_list_at(&pair, 1));
  avow_value_t parts[] = { avow_string("hel"), avow_string("lo") };
  avow_promise_t *const all[] = {
    keep_pair(avow_write(from, avow_list(parts, 2))),
    keep_pair(avow_shutdown(from)), keep_pair(avow_read_all(to, 100))
  };
  return avow_attach(avow_all(loop, all, 3), NULL, close_pair);
}

static void exchange_in_memory_survives(void **state) {
  survive(exchange_in_memory);
}

static void reading_survives(void **state) {
  survive(reading);
  survive_by(AVOW_CLOCK_BY_ITSELF, reading_lines);
}

SUITE(oom_net) {
  (void) signal(SIGPIPE, SIG_IGN); /* a write to a closed socket returns an
                                      error */
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_survive),
    cmocka_unit_test(datagrams_survive),
    cmocka_unit_test(pipes_survive),
    cmocka_unit_test(bound_names_survive),
    cmocka_unit_test(own_handles_survive),
    cmocka_unit_test(connections_survive),
    cmocka_unit_test(handle_transfer_survives),
    cmocka_unit_test(race_survives),
    cmocka_unit_test(pumping_survives),
    cmocka_unit_test(hangup_survives),
    cmocka_unit_test(connections_with_chunks_survive),
    cmocka_unit_test(reading_survives),
    cmocka_unit_test(exchange_in_memory_survives),
    cmocka_unit_test(datagrams_received_survive),
  };
  harness_init();
  return cmocka_run_group_tests(tests, start_pool_alone, NULL);
}
