/* SPDX-License-Identifier: MIT */
/* Readiness of sockets. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

static int ends[2]; /* of a pair of sockets */

static int set_up(void **state) {
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
    return -1;
  return harness_setup(state);
}

static int tear_down(void **state) {
  const int failed = harness_teardown(state);
  return close(ends[0]) != 0 || close(ends[1]) != 0 || failed != 0 ? -1 : 0;
}

static void write_one(void) {
  assert_int_equal(write(ends[1], "x", 1), 1);
}

static void read_one(void) {
  char c;
  assert_int_equal(read(ends[0], &c, 1), 1);
}

static void socket_is_writable_at_once(void **state) {
  assert_fulfills_int(avow_channel_first(
                          avow_polls(loop, ends[0], UV_WRITABLE)),
                      UV_WRITABLE);
}

static void socket_is_readable_when_data_arrives(void **state) {
  avow_promise_t *p =
      avow_channel_first(avow_polls(loop, ends[0], UV_READABLE));
  assert_rejects(avow_timeout(avow_ref(p), 2), UV_ETIMEDOUT);

  write_one();

  assert_fulfills_int(p, UV_READABLE);
}

/* Writing to the pipe returns the error. */
static void broken_pipe_is_writable(void **state) {
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  (void) close(fds[0]);
  avow_channel_t *c = avow_polls(loop, fds[1], UV_WRITABLE);
  avow_promise_t *p = avow_channel_next(c);
  avow_promise_t *q = avow_channel_next(c);

  assert_fulfills_int(p, UV_WRITABLE);
  assert_fulfills_int(q, UV_WRITABLE);
  assert_fulfills_int(avow_channel_next(c), UV_WRITABLE);

  avow_channel_unref(c);
  (void) close(fds[1]);
}

static int socket_new(void) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(fd >= 0);
  assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
  return fd;
}

/* Bound to a port at which no server listens. */
static int socket_bound(struct sockaddr_in *at) {
  const int fd = socket_new();
  socklen_t len = sizeof(*at);
  *at = (struct sockaddr_in){ .sin_family = AF_INET };
  at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(bind(fd, (struct sockaddr *) at, len), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *) at, &len), 0);
  return fd;
}

static void refused_socket_is_writable(void **state) {
  struct sockaddr_in at;
  const int bound = socket_bound(&at), fd = socket_new();
  int err = 0;
  socklen_t len = sizeof(err);
  assert_int_equal(connect(fd, (struct sockaddr *) &at, sizeof(at)), -1);
  assert_int_equal(errno, EINPROGRESS);

  assert_fulfills_int(avow_channel_first(avow_polls(loop, fd, UV_WRITABLE)),
                      UV_WRITABLE);

  assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len), 0);
  assert_int_equal(err, ECONNREFUSED);
  assert_int_equal(close(fd), 0);
  assert_int_equal(close(bound), 0);
}

static void invalid_descriptor_rejects(void **state) {
  const avow_value_t v =
      avow_run(avow_channel_first(avow_polls(loop, -1, UV_READABLE)));

  assert_int_equal(avow_error_code(&v), UV_EBADF);
  assert_string_equal(avow_error_message(&v), "poll: bad file descriptor");
  avow_value_unref(v);
}

static void second_channel_of_a_socket_is_refused(void **state) {
  avow_channel_t *first = avow_polls(loop, ends[0], UV_READABLE);
  avow_channel_t *second = avow_polls(loop, ends[0], UV_READABLE);
  avow_promise_t *p = avow_channel_next(first);

  assert_rejects(avow_channel_next(second), UV_EEXIST);

  write_one();
  assert_fulfills_int(p, UV_READABLE);
  avow_channel_unref(first);
  avow_channel_unref(second);
}

static void next_receive_gets_the_next_readiness(void **state) {
  avow_channel_t *c = avow_polls(loop, ends[0], UV_READABLE);
  write_one();
  assert_fulfills_int(avow_channel_next(c), UV_READABLE);
  assert_fulfills_int(avow_channel_next(c), UV_READABLE);
  read_one();

  avow_promise_t *next = avow_channel_next(c);
  assert_rejects(avow_timeout(avow_ref(next), 2), UV_ETIMEDOUT);
  write_one();

  assert_fulfills_int(next, UV_READABLE);
  avow_channel_unref(c);
}

/* Unread data makes the socket ready in each iteration. The loop must not
   spin. */
static void channel_without_a_receiver_does_not_poll(void **state) {
  avow_channel_t *c = avow_polls(loop, ends[0], UV_READABLE);
  write_one();
  assert_fulfills_int(avow_channel_next(c), UV_READABLE);
  uv_update_time(loop);

  int turns = 0;
  avow_promise_t *slept = avow_sleep(loop, 10);
  for (; avow_state(slept) == AVOW_PENDING; turns++)
    (void) uv_run(loop, UV_RUN_ONCE); /* the test checks the loop next */

  assert_true(turns < 5);
  avow_unref(slept);
  avow_channel_unref(c);
}

typedef struct {
  const avow_channel_t *channel;
  int left;
} reader_t;

static avow_value_t read_cb(const avow_value_t *events, void *data) {
  reader_t *reader = data;
  read_one();
  return --reader->left > 0 ? avow_none() : avow_int(1);
}

static avow_value_t read_fn(void *data) {
  const reader_t *reader = data;
  return avow_follow(
      avow_then(avow_channel_next(reader->channel), read_cb, NULL, data));
}

static void repeated_receives_read_all_data(void **state) {
  avow_channel_t *c = avow_polls(loop, ends[0], UV_READABLE);
  reader_t reader = { .channel = c, .left = 100 };
  for (int i = 0; i < 100; i++)
    write_one();

  assert_fulfills_int(avow_repeat(loop, read_fn, &reader), 1);
  avow_channel_unref(c);
}

static void regular_file_is_refused(void **state) {
  const int fd = open("/proc/self/exe", O_RDONLY);
  assert_true(fd >= 0);

  const avow_value_t v =
      avow_run(avow_channel_first(avow_polls(loop, fd, UV_READABLE)));

  assert_string_equal(avow_error_message(&v), "poll: operation not permitted");
  avow_value_unref(v);
  assert_int_equal(close(fd), 0);
}

static void invalid_events_are_refused(void **state) {
  assert_rejects(avow_channel_first(avow_polls(loop, ends[0], 0)), UV_EINVAL);
  assert_rejects(avow_channel_first(
                     avow_polls(loop, ends[0], UV_READABLE | 1 << 20)),
                 UV_EINVAL);
}

static void socket_may_be_closed_after_the_channel(void **state) {
  avow_channel_t *c = avow_polls(loop, ends[0], UV_READABLE);
  avow_promise_t *next = avow_channel_next(c);

  avow_channel_unref(c);
  assert_int_equal(close(ends[0]), 0);
  ends[0] = dup(ends[1]);

  assert_fulfills_none(next);
  assert_fulfills_int(avow_channel_first(
                          avow_polls(loop, ends[0], UV_WRITABLE)),
                      UV_WRITABLE);
}

static void canceled_receive_stops_polling(void **state) {
  avow_promise_t *p =
      avow_channel_first(avow_polls(loop, ends[0], UV_READABLE));

  avow_cancel(p);
  write_one();

  assert_rejects(p, UV_ECANCELED);
  run();
}

static void program_may_close_all_handles(void **state) {
  avow_channel_t *c = avow_polls(loop, ends[0], UV_READABLE);
  avow_promise_t *next = avow_channel_next(c);
  uv_walk(loop, close_handle, NULL);

  avow_cancel(next);
  avow_unref(next);
  next = avow_channel_next(c);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the result does not matter */
  avow_unref(next);
  avow_channel_unref(c);

  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void loop_close_cancels_a_receive(void **state) {
  avow_channel_t *c = avow_polls(loop, ends[0], UV_WRITABLE);
  avow_promise_t *next = avow_channel_next(c);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(next)->code, UV_ECANCELED);
  avow_unref(next);
  avow_channel_unref(c);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

#define POLL(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(poll) {
  const struct CMUnitTest tests[] = {
    POLL(socket_is_writable_at_once),
    POLL(socket_is_readable_when_data_arrives),
    POLL(broken_pipe_is_writable),
    POLL(refused_socket_is_writable),
    POLL(invalid_descriptor_rejects),
    POLL(second_channel_of_a_socket_is_refused),
    POLL(next_receive_gets_the_next_readiness),
    POLL(channel_without_a_receiver_does_not_poll),
    POLL(repeated_receives_read_all_data),
    POLL(regular_file_is_refused),
    POLL(invalid_events_are_refused),
    POLL(socket_may_be_closed_after_the_channel),
    POLL(canceled_receive_stops_polling),
    POLL(program_may_close_all_handles),
    POLL(loop_close_cancels_a_receive),
  };
  return RUN(tests);
}
