/* SPDX-License-Identifier: MIT */
/* Pumps from one stream to another. */
#include "pumped.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static void pump_moves_data_and_then_the_end(void **state) {
  avow_promise_t *p = start_pump();
  tell("hello ");
  turn_once();
  tell("world");
  turn_once();
  assert_told("hello world");

  leave(0);

  assert_fulfills_int(p, 11);
  assert_told("");
}

static void keep_open_keeps_the_sink_open(void **state) {
  const avow_pump_options_t options = { .keep_open = true };
  tell("hello ");
  leave(0);

  assert_fulfills_int(avow_pump(avow_uv_stream(from), avow_uv_stream(to),
                                &options),
                      6);
  assert_fulfills_int(avow_write(avow_uv_stream(to), avow_string("you")), 3);

  assert_told("hello you");
}

static void pump_of_an_ended_stream_moves_nothing(void **state) {
  leave(0);

  assert_fulfills_int(start_pump(), 0);

  assert_told("");
}

static void other_direction_stays_open(void **state) {
  avow_promise_t *p = start_pump();
  assert_int_equal(shutdown(peers[0], SHUT_WR), 0);
  assert_fulfills_int(p, 0);

  assert_int_equal(write(peers[1], "back", 4), 4);
  assert_int_equal(shutdown(peers[1], SHUT_WR), 0);

  assert_fulfills_int(avow_pump(avow_uv_stream(to), avow_uv_stream(from), NULL),
                      4);
  assert_told_at(0, "back");
}

static void slow_receiver_causes_backpressure(void **state) {
  uint64_t moved;
  const avow_pump_options_t options = { .moved = &moved };
  avow_promise_t *p =
      avow_pump(avow_uv_stream(from), avow_uv_stream(to), &options);
  const size_t stuck = stuff();
  assert_true(stuck < LARGE);
  assert_true(uv_stream_get_write_queue_size(to) <= PART);

  size_t said = stuck, heard = 0;
  for (; heard < LARGE; turn_once()) {
    said += say_pattern(said, LARGE);
    heard += hear_pattern(heard);
  }
  leave(0);

  assert_int_equal(moved, LARGE);
  assert_fulfills_int(p, LARGE);
  assert_told("");
}

static void stream_may_be_pumped_into_itself(void **state) {
  avow_promise_t *p =
      avow_pump(avow_uv_stream(from), avow_uv_stream(from), NULL);
  tell("echo");
  turn_once();
  assert_told_at(0, "echo");

  assert_fulfills_none(avow_close_handle((uv_handle_t *) from));

  assert_rejects(p, UV_ECANCELED);
}

static void both_directions_are_pumped_at_once(void **state) {
  avow_promise_t *ps[] = {
    start_pump(), avow_pump(avow_uv_stream(to), avow_uv_stream(from), NULL)
  };
  tell("there");
  assert_int_equal(write(peers[1], "back", 4), 4);
  turn_once();
  assert_told("there");
  assert_told_at(0, "back");

  assert_int_equal(shutdown(peers[0], SHUT_WR), 0);
  assert_int_equal(shutdown(peers[1], SHUT_WR), 0);

  const avow_value_t v = avow_run(avow_all(loop, ps, 2));
  assert_int_equal(avow_to_int(avow_list_at(&v, 0)), 5);
  assert_int_equal(avow_to_int(avow_list_at(&v, 1)), 4);
  avow_value_unref(v);
}

static void failed_read_rejects(void **state) {
  avow_promise_t *p = start_pump();
  assert_fulfills_int(avow_write(avow_uv_stream(from), avow_string("unread")),
                      6);

  leave(0); /* closes with unread data, which is a reset */

  assert_says(p, UV_ECONNRESET, "read: connection reset by peer");
  assert_fulfills_int(avow_write(avow_uv_stream(to), avow_string("open")), 4);
}

static void failed_write_rejects(void **state) {
  avow_promise_t *p = start_pump();
  leave(1);

  tell("hello");

  assert_says(p, UV_EPIPE, "write: broken pipe");
}

static void failed_queued_write_rejects(void **state) {
  avow_promise_t *p = start_pump();
  assert_true(stuff() < LARGE);

  leave(1);

  const avow_value_t v = avow_run(p);
  assert_true(avow_error_code(&v) == UV_EPIPE ||
              avow_error_code(&v) == UV_ECONNRESET);
  avow_value_unref(v);
}

static void failed_shutdown_rejects(void **state) {
  assert_fulfills_none(avow_shutdown(avow_uv_stream(to)));
  avow_promise_t *p = start_pump();

  leave(0);

  assert_says(p, UV_ENOTCONN, "shutdown: socket is not connected");
}

/* The receiver takes less than a write at a time, so the system splits each
   write. */
static void slow_receiver_does_not_time_out(void **state) {
  const avow_pump_options_t options = { .idle = 1000 };
  const int little = 4096;
  uv_os_fd_t fd;
  use_clock(AVOW_CLOCK_BY_HAND);
  assert_int_equal(uv_fileno((uv_handle_t *) to, &fd), 0);
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &little,
                              sizeof(little)),
                   0);
  avow_promise_t *p =
      avow_pump(avow_uv_stream(from), avow_uv_stream(to), &options);
  const size_t said = say_pattern(0, PART);
  assert_int_equal(said, PART);
  leave(0);

  for (size_t heard = 0; heard < said; heard += hear_pattern(heard)) {
    turn_once();
    advance(900);
    assert_int_not_equal(avow_state(p), AVOW_REJECTED);
  }

  assert_fulfills_int(p, PART);
}

static void pump_waits_for_a_full_stream(void **state) {
  static char block[PART];
  ssize_t n, said = 0, heard = 0;
  uv_os_fd_t fd;
  assert_int_equal(uv_fileno((uv_handle_t *) to, &fd), 0);
  while ((n = write(fd, block, sizeof(block))) > 0)
    said += n;
  avow_promise_t *p = start_pump();
  tell("late");
  turn_once();
  assert_int_equal(uv_stream_get_write_queue_size(to), 4);

  for (; uv_stream_get_write_queue_size(to) > 0; turn_once())
    heard += read(peers[1], block, sizeof(block));
  leave(0);
  assert_fulfills_int(p, 4);

  while ((n = read(peers[1], block, sizeof(block))) > 0)
    heard += n;
  assert_int_equal(heard, said + 4);
}

static void second_reader_is_refused(void **state) {
  avow_promise_t *read = avow_read(avow_uv_stream(from), 100);
  assert_says(start_pump(), UV_EALREADY, "pump: already in progress");
  avow_cancel(read);
  avow_unref(read);

  avow_promise_t *p = start_pump();
  assert_rejects(avow_read(avow_uv_stream(from), 100), UV_EALREADY);
  assert_rejects(avow_pump(avow_uv_stream(from), avow_uv_stream(from), NULL),
                 UV_EALREADY);
  assert_rejects(avow_pump(avow_uv_stream(to), avow_uv_stream(to), NULL),
                 UV_EALREADY);

  leave(0);
  assert_fulfills_int(p, 0);
}

static void pump_rejects_closing_streams(void **state) {
  uv_close((uv_handle_t *) to, NULL);
  assert_says(start_pump(), UV_EINVAL, "pump: invalid argument");

  uv_close((uv_handle_t *) from, NULL);
  assert_rejects(avow_pump(avow_uv_stream(from), avow_uv_stream(from), NULL),
                 UV_EINVAL);
}

static void pump_rejects_a_source_without_connection(void **state) {
  uv_tcp_t lonely;
  (void) uv_tcp_init(loop, &lonely);

  assert_rejects(avow_pump(avow_uv_stream((uv_stream_t *) &lonely),
                           avow_uv_stream(to), NULL),
                 UV_ENOTCONN);

  assert_fulfills_none(avow_close_handle((uv_handle_t *) &lonely));
}

static avow_value_t pump_cb(const avow_value_t *arg, void *data) {
  return avow_follow(start_pump());
}

static void read_handler_may_pump_the_rest(void **state) {
  tell("head body");
  avow_promise_t *p =
      avow_then(avow_read(avow_uv_stream(from), 5), pump_cb, NULL, NULL);
  turn_once();
  assert_told("body");

  leave(0);

  assert_fulfills_int(p, 4);
}

static avow_promise_t *start_to_the_end(void) {
  tell("hello");
  leave(0);
  return start_pump();
}

static void pump_survives_failing_memory(void **state) {
  assert_survives_failing_memory(pump_setup, pump_teardown, state,
                                 start_to_the_end);
}

static void pump_reports_the_bytes_moved(void **state) {
  uint64_t moved = 77;
  const avow_pump_options_t options = { .moved = &moved, .idle = 60000 };
  avow_promise_t *p =
      avow_pump(avow_uv_stream(from), avow_uv_stream(to), &options);
  assert_int_equal(moved, 0);

  tell("hello");
  turn_once();

  assert_int_equal(moved, 5);
  leave(0);
  assert_fulfills_int(p, 5);
}

SUITE(pump) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    PUMP(keep_open_keeps_the_sink_open),
    PUMP(pump_moves_data_and_then_the_end),
    PUMP(pump_of_an_ended_stream_moves_nothing),
    PUMP(other_direction_stays_open),
    PUMP(slow_receiver_causes_backpressure),
    PUMP(pump_reports_the_bytes_moved),
    PUMP(stream_may_be_pumped_into_itself),
    PUMP(both_directions_are_pumped_at_once),
    PUMP(failed_read_rejects),
    PUMP(failed_write_rejects),
    PUMP(failed_queued_write_rejects),
    PUMP(failed_shutdown_rejects),
    PUMP(slow_receiver_does_not_time_out),
    PUMP(pump_waits_for_a_full_stream),
    PUMP(second_reader_is_refused),
    PUMP(pump_rejects_closing_streams),
    PUMP(pump_rejects_a_source_without_connection),
    PUMP(read_handler_may_pump_the_rest),
    PUMP(pump_survives_failing_memory),
  };
  return RUN(tests);
}
