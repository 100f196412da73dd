/* SPDX-License-Identifier: MIT */
/* Streams that values own, and passing handles over pipes. */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptor.h"

enum { LONG = 3600 * 1000 };

static void connected_streams_exchange_data(void **state) {
  avow_value_t v = connected();

  assert_fulfills_int(avow_write(avow_to_stream(&v), avow_string("hi")), 2);
  assert_hears(&accepted[0], "hi");
  assert_fulfills_int(avow_write(avow_to_stream(&accepted[0]),
                                 avow_string("ho")),
                      2);
  assert_hears(&v, "ho");

  drop(&v);
}

static void stream_closes_with_its_last_reference(void **state) {
  avow_value_t v = connected();
  avow_value_t other = avow_value_ref(&v);

  drop(&v);
  assert_false(uv_is_closing(handle_of(&other)));
  drop(&other);

  assert_hears_the_end(&accepted[0]);
}

static void released_stream_rejects_pending_reads(void **state) {
  avow_value_t v = connected();
  avow_promise_t *read = avow_read(avow_to_stream(&v), 100);

  drop(&v);

  assert_rejects(read, UV_ECANCELED);
}

static avow_value_t drop_cb(const avow_value_t *arg, void *value) {
  drop(value);
  return avow_value_ref(arg);
}

static void read_handler_may_release_its_stream(void **state) {
  avow_value_t v = connected();
  avow_promise_t *p = avow_read(avow_to_stream(&v), 100);
  p = avow_then(p, drop_cb, NULL, &v);

  assert_fulfills_int(avow_write(avow_to_stream(&accepted[0]),
                                 avow_string("x")),
                      1);

  avow_value_unref(avow_run(p));
  assert_hears_the_end(&accepted[0]);
}

static void stream_may_be_closed_before_its_release(void **state) {
  avow_value_t v = connected();

  assert_fulfills_none(avow_close_handle(handle_of(&v)));

  assert_true(uv_is_closing(handle_of(&v)));
  assert_rejects(avow_read(avow_to_stream(&v), 100), UV_EINVAL);
  drop(&v);
}

static void avow_close_closes_the_handle_of_the_value(void **state) {
  avow_value_t v = connected();
  avow_promise_t *read = avow_read(avow_to_stream(&v), 100);

  assert_fulfills_none(avow_close(avow_to_stream(&v)));

  assert_true(uv_is_closing(handle_of(&v)));
  assert_rejects(read, UV_ECANCELED);
  assert_hears_the_end(&accepted[0]);
  assert_rejects(avow_close(avow_to_stream(&v)), UV_EALREADY);
  drop(&v);
}

static void close_a_number(void) {
  const avow_value_t v = avow_int(1);
  assert_rejects(avow_close(avow_to_stream(&v)), AVOW_EMISUSE);
}

static void close_of_another_type_is_misuse(void **state) {
  assert_misuse(close_a_number, "not stream; check its type first");
}

static void stream_may_be_released_while_it_closes(void **state) {
  avow_value_t v = connected();
  avow_promise_t *p = avow_close_handle(handle_of(&v));

  drop(&v);

  assert_fulfills_none(p);
}

static void close_handler_may_release_the_stream(void **state) {
  avow_value_t v = connected();

  assert_fulfills_none(
      avow_then(avow_close_handle(handle_of(&v)), drop_cb, NULL, &v));
}

static void loop_close_closes_referenced_streams(void **state) {
  avow_value_t v = connected();

  assert_int_equal(avow_loop_close(loop), 0);

  assert_true(uv_is_closing(handle_of(&v)));
  assert_true(uv_is_closing(handle_of(&server)));
  assert_int_equal(uv_loop_alive(loop), 0);
  drop(&v);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void handler_may_release_streams_during_loop_close(void **state) {
  avow_value_t v = connected();
  avow_unref(avow_then(avow_sleep(loop, LONG), NULL, drop_cb, &v));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(v.tag, AVOW_NONE);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static avow_value_t accept_cb(const avow_value_t *arg, void *value) {
  avow_value_t *out = value;
  *out = avow_accept(stream_of(&server));
  return avow_none();
}

static void accept_fails_during_loop_close(void **state) {
  avow_value_t v = avow_none();
  avow_unref(avow_then(avow_sleep(loop, LONG), NULL, accept_cb, &v));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_error_code(&v), UV_ECANCELED);
  drop(&v);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void program_may_close_handles_before_the_release(void **state) {
  avow_value_t v = connected();
  avow_promise_t *p = avow_read(avow_to_stream(&v), 100);

  uv_walk(loop, close_cb, NULL);
  drop(&v);
  run();

  assert_int_equal(avow_loop_close(loop), 0);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void program_may_close_handles_before_loop_close(void **state) {
  avow_value_t v = connected();

  uv_walk(loop, close_cb, NULL);
  assert_int_equal(avow_loop_close(loop), 0);

  drop(&v);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void read_a_number_as_a_stream(void) {
  const avow_value_t v = avow_int(1);
  assert_null(avow_to_stream(&v).self);
}

static void other_values_are_not_streams(void **state) {
  assert_misuse(read_a_number_as_a_stream, "not stream; check its type first");
}

static void data_field_of_the_handle_is_not_used(void **state) {
  avow_value_t v = connected();

  handle_of(&v)->data = server_port;
  drop(&v);

  assert_hears_the_end(&accepted[0]);
}

/* Handles that are passed over pipes. */

static uv_pipe_t ipc[2];

static void open_pipes(void) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(uv_pipe_init(loop, &ipc[i], 1), 0);
    assert_int_equal(uv_pipe_open(&ipc[i], fds[i]), 0);
  }
}

static void close_pipes(void) {
  for (int i = 0; i < 2; i++)
    avow_unref(avow_close_handle((uv_handle_t *) &ipc[i]));
  turn_thrice();
}

static avow_promise_t *send_handle(avow_value_t handle) {
  return avow_write_handle((uv_stream_t *) &ipc[0], avow_string("take this"),
                           handle);
}

static void read_message(void) {
  const avow_value_t v =
      avow_run(avow_read(avow_uv_stream((uv_stream_t *) &ipc[1]), 100));
  assert_string_equal(avow_to_bytes(&v, NULL), "take this");
  avow_value_unref(v);
}

static avow_value_t received(void) {
  return avow_accept((uv_stream_t *) &ipc[1]);
}

static void owned_stream_is_sent_over_a_pipe(void **state) {
  open_pipes();
  avow_value_t v = connected();

  assert_fulfills_int(send_handle(v), 9); /* and then released */
  read_message();
  avow_value_t again = received();

  assert_int_equal(received().tag, AVOW_NONE);
  assert_fulfills_int(avow_write(avow_to_stream(&again), avow_string("hi")), 2);
  assert_hears(&accepted[0], "hi");
  drop(&again);
  assert_hears_the_end(&accepted[0]);
  close_pipes();
}

static void several_handles_are_received_one_by_one(void **state) {
  open_pipes();
  avow_value_t v = connected();
  assert_fulfills_int(send_handle(avow_value_ref(&v)), 9);
  read_message();
  assert_fulfills_int(send_handle(avow_pointer(stream_of(&v))), 9);
  read_message();
  drop(&v);

  avow_value_t one = received();
  avow_value_t two = received();

  assert_int_equal(received().tag, AVOW_NONE);
  drop(&one);
  assert_fulfills_int(avow_write(avow_to_stream(&two), avow_string("hi")), 2);
  assert_hears(&accepted[0], "hi");
  drop(&two);
  close_pipes();
}

/* The system stops reading after the handle, and reports the hang-up then. */
static void data_after_a_handle_is_received(void **state) {
  open_pipes();
  const avow_stream_t from = avow_uv_stream((uv_stream_t *) &ipc[0]);
  avow_unref(send_handle(connected()));
  avow_unref(avow_write(from, avow_string(" and this")));
  avow_unref(avow_close(from));

  assert_fulfills_bytes(avow_read_all(avow_uv_stream((uv_stream_t *) &ipc[1]),
                                      100),
                        "take this and this");

  assert_fulfills_none(avow_close_handle((uv_handle_t *) &ipc[1]));
}

static void unaccepted_handle_closes_with_its_pipe(void **state) {
  open_pipes();
  assert_fulfills_int(send_handle(connected()), 9);
  read_message();

  close_pipes();

  assert_hears_the_end(&accepted[0]);
}

static void udp_sockets_are_accepted_by_uv_accept_only(void **state) {
  uv_udp_t sent, got;
  struct sockaddr_in any;
  open_pipes();
  (void) uv_ip4_addr("127.0.0.1", 0, &any);
  assert_int_equal(uv_udp_init(loop, &sent), 0);
  assert_int_equal(uv_udp_bind(&sent, (struct sockaddr *) &any, 0), 0);
  assert_int_equal(uv_udp_init(loop, &got), 0);
  assert_fulfills_int(send_handle(avow_pointer(&sent)), 9);
  read_message();

  const avow_value_t v = received();

  assert_string_equal(avow_error_message(&v),
                      "accept: operation not supported");
  avow_value_unref(v);
  assert_int_equal(uv_accept((uv_stream_t *) &ipc[1], (uv_stream_t *) &got), 0);
  avow_unref(avow_close_handle((uv_handle_t *) &sent));
  avow_unref(avow_close_handle((uv_handle_t *) &got));
  close_pipes();
}

static void write_handle_requires_bytes_and_a_handle(void **state) {
  open_pipes();
  uv_stream_t *to = (uv_stream_t *) &ipc[0];

  assert_rejects(avow_write_handle(to, avow_string(""), avow_pointer(&ipc[1])),
                 UV_EINVAL);
  assert_rejects(avow_write_handle(to, avow_string("x"), avow_none()),
                 UV_EINVAL);
  assert_rejects(avow_write_handle(to, avow_int(1), connected()), UV_EINVAL);
  assert_rejects(send_handle(avow_error(UV_ENOMEM)), UV_ENOMEM);
  close_pipes();
}

static void handle_is_not_sent_over_tcp(void **state) {
  avow_value_t v = connected();

  assert_says(avow_write_handle(stream_of(&v), avow_string("x"),
                                avow_pointer(stream_of(&server))),
              UV_EINVAL, "write: invalid argument");

  drop(&v);
}

static void closed_handle_is_not_sent(void **state) {
  open_pipes();
  avow_value_t v = connected();
  assert_fulfills_none(avow_close_handle(handle_of(&v)));

  assert_rejects(send_handle(v), UV_EINVAL);

  close_pipes();
}

#define NET(f) \
  cmocka_unit_test_setup_teardown(f, acceptor_setup, acceptor_teardown)

SUITE(stream_value) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    NET(connected_streams_exchange_data),
    NET(stream_closes_with_its_last_reference),
    NET(released_stream_rejects_pending_reads),
    NET(read_handler_may_release_its_stream),
    NET(stream_may_be_closed_before_its_release),
    NET(avow_close_closes_the_handle_of_the_value),
    NET(close_of_another_type_is_misuse),
    NET(stream_may_be_released_while_it_closes),
    NET(close_handler_may_release_the_stream),
    NET(loop_close_closes_referenced_streams),
    NET(handler_may_release_streams_during_loop_close),
    NET(accept_fails_during_loop_close),
    NET(program_may_close_handles_before_the_release),
    NET(program_may_close_handles_before_loop_close),
    NET(other_values_are_not_streams),
    NET(data_field_of_the_handle_is_not_used),
    NET(owned_stream_is_sent_over_a_pipe),
    NET(several_handles_are_received_one_by_one),
    NET(data_after_a_handle_is_received),
    NET(unaccepted_handle_closes_with_its_pipe),
    NET(udp_sockets_are_accepted_by_uv_accept_only),
    NET(write_handle_requires_bytes_and_a_handle),
    NET(handle_is_not_sent_over_tcp),
    NET(closed_handle_is_not_sent),
  };
  return RUN(tests);
}
