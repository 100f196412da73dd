/* SPDX-License-Identifier: MIT */
/*
 * Between two reads, libuv keeps watching the stream for the next read. No data
 * is read without a request, and the loop may end.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __linux__
#  include <sys/epoll.h>
#endif

#include "peer.h"

static long asked;  /* number of calls that change epoll's watches */
static long looked; /* number of checks for waiting data */

#ifdef __linux__
typedef union {
  void *found;
  int (*epoll_ctl)(int fd, int op, int watched, struct epoll_event *event);
  ssize_t (*recv)(int fd, void *bytes, size_t len, int flags);
} next_t;

/* Replaces the C library's function. */
int epoll_ctl(int fd, int op, int watched, struct epoll_event *event) {
  const next_t next = { dlsym(RTLD_NEXT, "epoll_ctl") };
  asked++;
  return next.epoll_ctl(fd, op, watched, event);
}

ssize_t recv(int fd, void *bytes, size_t len, int flags) {
  const next_t next = { dlsym(RTLD_NEXT, "recv") };
  looked += fd != peer;
  return next.recv(fd, bytes, len, flags);
}
#endif

static avow_promise_t *start_read(void) {
  return avow_read(avow_uv_stream(stream), 100);
}

/* Promise that keeps the loop alive and limits how long it blocks. */
static avow_promise_t *something;

static void begin_something(void) {
  something = avow_sleep(loop, 100000);
}

static void end_something(void) {
  avow_promise_t *p = avow_promise_steal(&something);
  if (p != NULL)
    avow_cancel(p);
  avow_unref(p);
}

static int teardown(void **state) {
  end_something(); /* of a test that failed */
  return peer_teardown(state);
}

static void read_something(void) {
  say("hello");
  assert_fulfills_bytes(start_read(), "hello");
}

static void turn_a_few_times(void) {
  for (int i = 0; i < 3; i++)
    turn();
}

static void read_after_a_pause_makes_no_epoll_call(void **state) {
  begin_something();
  read_something();
  const long before = asked;

  for (int i = 0; i < 3; i++) {
    turn_a_few_times();
    assert_true(reads());
    avow_promise_t *read = start_read();
    turn_a_few_times();
    say("hello");
    assert_fulfills_bytes(read, "hello");
  }

  assert_int_equal(asked, before);
  end_something();
}

/* The first time, libuv finds that no read is pending. */
static void pause_until_something_waits(void) {
  begin_something();
  read_something();
  say("first");
  turn_a_few_times();
  assert_false(reads());
  assert_fulfills_bytes(start_read(), "first");
}

static void read_of_waiting_data_makes_no_epoll_call(void **state) {
  pause_until_something_waits();
  const long before = asked;

  for (int i = 0; i < 3; i++) {
    say("hello");
    turn_a_few_times();
    avow_promise_t *read = start_read();
    assert_int_equal(avow_state(read), AVOW_FULFILLED);
    assert_false(reads());
    assert_fulfills_bytes(read, "hello");
  }

  assert_int_equal(asked, before);
  end_something();
}

static void data_during_a_pause_stays_in_the_kernel(void **state) {
  begin_something();
  read_something();
  turn_a_few_times();
  const long live = live_allocations();

  say("more");
  turn_a_few_times();

  assert_false(reads());
  assert_int_equal(live_allocations(), live);
  char byte;
  assert_int_equal(recv(peer, &byte, 1, MSG_DONTWAIT), -1);
  assert_fulfills_bytes(start_read(), "more");
  end_something();
}

static void waiting_data_may_be_read_in_parts(void **state) {
  char buffer[4];
  pause_until_something_waits();
  say("abcdefgh");
  hang_up();
  turn_a_few_times();

  assert_fulfills_bytes(avow_read(avow_uv_stream(stream), 2), "ab");
  assert_fulfills_int(avow_read_into(avow_uv_stream(stream), buffer, 2, 4), 4);
  assert_memory_equal(buffer, "cdef", 4);
  assert_rejects(avow_read_all(avow_uv_stream(stream), 1), UV_EMSGSIZE);
  assert_fulfills_none(start_read());
  end_something();
}

static void waiting_data_precedes_later_data(void **state) {
  char buffer[8];
  pause_until_something_waits();
  say("abc");
  turn_a_few_times();

  avow_promise_t *p = avow_read_into(avow_uv_stream(stream), buffer, 6, 8);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  say("def");

  assert_fulfills_int(p, 6);
  assert_memory_equal(buffer, "abcdef", 6);
  say("rest");
  turn_a_few_times();
  p = avow_read_all(avow_uv_stream(stream), 100);
  hang_up();
  assert_fulfills_bytes(p, "rest");
  end_something();
}

/* After a check that finds no data, the read waits as usual, and the next read
   does not check. */
static void check_without_waiting_data_is_not_repeated(void **state) {
  pause_until_something_waits();
  const long before = looked;

  avow_promise_t *read = start_read();
  assert_int_equal(looked, before + 1);
  avow_cancel(read);
  assert_rejects(read, UV_ECANCELED);
  read = start_read();
  assert_int_equal(looked, before + 1);
  say("hello");

  assert_fulfills_bytes(read, "hello");
  end_something();
}

static void open_pipe(uv_pipe_t *pipe, int fd, int passes_handles) {
  (void) uv_pipe_init(loop, pipe, passes_handles);
  assert_int_equal(uv_pipe_open(pipe, fd), 0);
}

/* libuv watches the stream although data is waiting. */
static void assert_waits_for_libuv(uv_pipe_t *pipe, int peer_of_it) {
  const avow_stream_t from = avow_uv_stream((uv_stream_t *) pipe);
  avow_promise_t *read = avow_read(from, 10);
  assert_int_equal(write(peer_of_it, "hello", 5), 5);
  assert_fulfills_bytes(read, "hello");
  assert_int_equal(write(peer_of_it, "more", 4), 4);
  turn_a_few_times();

  read = avow_read(from, 10);

  assert_int_equal(avow_state(read), AVOW_PENDING);
  assert_fulfills_bytes(read, "more");
  assert_fulfills_none(avow_close(from));
  (void) close(peer_of_it);
}

static void pipes_and_ipc_sockets_are_read_by_libuv(void **state) {
  uv_pipe_t other;
  int fds[2];
  begin_something();

  assert_int_equal(pipe(fds), 0);
  open_pipe(&other, fds[0], 0);
  assert_waits_for_libuv(&other, fds[1]);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  open_pipe(&other, fds[0], 1);
  assert_waits_for_libuv(&other, fds[1]);

  end_something();
}

static void end_during_a_pause_is_read_afterwards(void **state) {
  begin_something();
  read_something();
  turn_a_few_times();

  say("bye");
  hang_up();
  turn_a_few_times();

  assert_fulfills_bytes(start_read(), "bye");
  turn_a_few_times();
  assert_fulfills_none(start_read());
  assert_fulfills_none(start_read());
  end_something();
}

static void reset_during_a_pause_rejects_the_next_read(void **state) {
  const struct linger at_once = { .l_onoff = 1 };
  begin_something();
  read_something();
  turn_a_few_times();

  assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once,
                              sizeof(at_once)),
                   0);
  hang_up();
  turn_a_few_times();

  assert_rejects(start_read(), UV_ECONNRESET);
  end_something();
}

static size_t send_all_it_takes(void) {
  static char bytes[65536];
  size_t sum = 0;
  ssize_t n;
  while ((n = send(peer, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
    sum += (size_t) n;
  return sum;
}

static void paused_stream_applies_backpressure(void **state) {
  begin_something();
  read_something();
  turn_a_few_times();
  const long live = live_allocations();

  size_t sent = 0;
  size_t n;
  while ((n = send_all_it_takes()) > 0) { /* TCP moves on between buffers */
    sent += n;
    turn_a_few_times();
    assert_int_equal(live_allocations(), live);
  }

  size_t got = 0;
  while (got < sent) {
    const avow_value_t v =
        avow_run(avow_read(avow_uv_stream(stream), SIZE_MAX));
    assert_non_null(avow_to_bytes(&v, &n));
    got += n;
    avow_value_unref(v);
  }
  assert_int_equal(got, sent);
  end_something();
}

static void loop_ends_while_a_stream_is_paused(void **state) {
  begin_something();
  read_something();
  turn_a_few_times();
  assert_true(reads());
  end_something();

  run(); /* otherwise the deadline fails the test */

  assert_false(reads());
  assert_int_equal(uv_loop_alive(loop), 0);
}

/* The sleep waits for the clock and does not keep the loop alive. */
static void loop_ends_while_a_manual_clock_does_not_advance(void **state) {
  use_clock(AVOW_CLOCK_BY_HAND);
  avow_promise_t *nap = avow_sleep(loop, 1);
  read_something();

  run(); /* otherwise the deadline fails the test */

  assert_false(reads());
  assert_int_equal(avow_state(nap), AVOW_PENDING);
  avow_cancel(nap);
  avow_unref(nap);
}

static void loop_ends_while_a_weak_sleep_is_pending(void **state) {
  avow_promise_t *nap = avow_sleep_weak(loop, 1 << 30);
  read_something();

  run(); /* otherwise the deadline fails the test */

  assert_false(reads());
  assert_int_equal(avow_state(nap), AVOW_PENDING);
  avow_cancel(nap);
  avow_unref(nap);
}

/* The unreferenced handle does not keep the loop alive, and neither does its
   watch. */
static void loop_ends_while_an_unreferenced_handle_is_read(void **state) {
  int fds[2];
  uv_pipe_t other;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  open_pipe(&other, fds[0], 0);
  uv_unref((uv_handle_t *) &other);
  avow_promise_t *p = avow_read(avow_uv_stream((uv_stream_t *) &other), 10);
  read_something();

  run(); /* otherwise the deadline fails the test */

  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_fulfills_none(avow_close_handle((uv_handle_t *) &other));
  assert_rejects(p, UV_ECANCELED);
  (void) close(fds[1]);
}

static void free_pipe(uv_handle_t *pipe) {
  test_free(pipe);
}

/* avow keeps no pointer to the stream. */
static void paused_stream_may_be_closed_and_freed(void **state) {
  int fds[2];
  uv_pipe_t *other = test_calloc(1, sizeof(*other));
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  open_pipe(other, fds[0], 0);
  begin_something();
  assert_int_equal(write(fds[1], "hello", 5), 5);
  assert_fulfills_bytes(avow_read(avow_uv_stream((uv_stream_t *) other), 10),
                        "hello");
  turn_a_few_times();

  uv_close((uv_handle_t *) other, free_pipe);
  (void) close(fds[1]);
  turn_a_few_times();

  end_something();
  run();
}

static char heard[16];

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf) {
  *buf = uv_buf_init(heard, sizeof(heard));
}

static void on_read(uv_stream_t *handle, ssize_t n, const uv_buf_t *buf) {
  note(n > 0 ? "heard" : "end");
}

static void program_may_read_after_uv_read_stop(void **state) {
  read_something();
  assert_int_equal(uv_read_stop(stream), 0);
  assert_int_equal(uv_read_start(stream, on_alloc, on_read), 0);

  turn_a_few_times();
  say("hello");
  turn_a_few_times();

  assert_notes("heard");
  (void) uv_read_stop(stream);
  read_something();
}

static avow_value_t stop_and_read(const avow_value_t *v, void *data) {
  (void) uv_read_stop(stream);
  return avow_follow(start_read());
}

static void read_continues_after_uv_read_stop_in_a_handler(void **state) {
  begin_something();
  avow_promise_t *p = avow_then(start_read(), stop_and_read, NULL, NULL);
  say("one");
  turn_a_few_times();

  say("two");

  assert_fulfills_bytes(p, "two");
  end_something();
}

static avow_value_t read_itself(const avow_value_t *v, void *data) {
  (void) uv_read_stop(stream);
  (void) uv_read_start(stream, on_alloc, on_read);
  return avow_follow(start_read());
}

static void uv_read_start_in_a_handler_is_not_stopped(void **state) {
  avow_promise_t *p = avow_then(start_read(), read_itself, NULL, NULL);
  say("one");

  assert_rejects(p, UV_EALREADY);
  say("two");
  turn_a_few_times();

  assert_notes("heard");
  (void) uv_read_stop(stream);
}

static void chunks_may_follow_a_read(void **state) {
  begin_something();
  read_something();
  turn_a_few_times();

  avow_channel_t *chunks = avow_chunks(avow_uv_stream(stream), 10, 0);
  say("chunk");
  assert_fulfills_bytes(avow_channel_next(chunks), "chunk");
  avow_channel_unref(chunks);
  read_something();
  end_something();
}

/* This also holds while the program's handle has unsent data that the peer does
   not read. */
static void loop_close_stops_a_paused_stream(void **state) {
  char *data;
  const avow_value_t large = avow_bytes_new(8 << 20, &data);
  memset(data, 'x', 8 << 20);
  avow_promise_t *p = avow_write(avow_uv_stream(stream), large);
  read_something();
  turn_a_few_times();
  assert_true(reads());

  assert_int_equal(avow_loop_close(loop), 0);
  assert_rejects(p, UV_ECANCELED);

  assert_false(reads());
  assert_int_equal(avow_loop_init(loop, &steady), 0);
  read_something();
}

#define PIPE(f) \
  { #f " (pipe)", f, peer_setup_pipe, teardown, NULL }
#define TCP(f) \
  { #f " (TCP)", f, peer_setup_tcp, teardown, NULL }
#define BOTH(f) PIPE(f), TCP(f)

SUITE(rest) {
  const struct CMUnitTest tests[] = {
#ifdef __linux__
    BOTH(read_after_a_pause_makes_no_epoll_call),
    BOTH(read_of_waiting_data_makes_no_epoll_call),
    BOTH(check_without_waiting_data_is_not_repeated),
#endif
    BOTH(waiting_data_may_be_read_in_parts),
    BOTH(waiting_data_precedes_later_data),
    TCP(pipes_and_ipc_sockets_are_read_by_libuv),
    BOTH(data_during_a_pause_stays_in_the_kernel),
    BOTH(end_during_a_pause_is_read_afterwards),
    TCP(reset_during_a_pause_rejects_the_next_read),
    BOTH(paused_stream_applies_backpressure),
    BOTH(loop_ends_while_a_stream_is_paused),
    BOTH(loop_ends_while_a_manual_clock_does_not_advance),
    BOTH(loop_ends_while_a_weak_sleep_is_pending),
    BOTH(loop_ends_while_an_unreferenced_handle_is_read),
    BOTH(paused_stream_may_be_closed_and_freed),
    BOTH(program_may_read_after_uv_read_stop),
    BOTH(read_continues_after_uv_read_stop_in_a_handler),
    BOTH(uv_read_start_in_a_handler_is_not_stopped),
    BOTH(chunks_may_follow_a_read),
    BOTH(loop_close_stops_a_paused_stream),
  };
  return RUN(tests);
}
