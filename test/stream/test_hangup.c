/* SPDX-License-Identifier: MIT */
/* Detection of a hang-up on streams of all classes. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worlds.h"

/* The program's class in these tests cannot report a hang-up. */
static bool can_report_hangup(void) {
  return strcmp(world->name, "veil") != 0;
}

static bool is_tcp(void) {
  return strcmp(world->name, "tcp") == 0;
}

static avow_promise_t *wait_for_hangup(void) {
  return avow_hangup(here());
}

static void run_iterations(void) {
  for (int i = 0; i < 5; i++)
    avow_ignore(avow_run(avow_next_iteration(loop)));
}

static avow_value_t ignore(const avow_value_t *reason, void *data) {
  return avow_none();
}

static void write_there(const char *text) {
  avow_unref(avow_catch(avow_write(here(), avow_string(text)), ignore, NULL));
}

/* TCP answers the data with a reset. */
static void closed_peer_is_a_hangup(void **state) {
  avow_promise_t *p = wait_for_hangup();
  if (!can_report_hangup()) {
    assert_says(p, UV_ENOTSUP, "poll: operation not supported");
    return;
  }
  run_iterations();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  drop(&ends[1]);
  if (is_tcp())
    write_there("x");

  assert_fulfills_none(p);
  assert_fulfills_none(wait_for_hangup());
}

static void closed_peer_with_unread_data_is_a_hangup(void **state) {
  if (!can_report_hangup())
    return;
  write_there("hello");
  avow_promise_t *p = wait_for_hangup();
  run_iterations();
  drop(&ends[1]);

  assert_fulfills_none(p);
}

static void half_closed_peer_is_no_hangup(void **state) {
  if (!can_report_hangup())
    return;
  avow_promise_t *p = wait_for_hangup();
  assert_fulfills_none(avow_shutdown(there()));
  assert_fulfills_none(avow_read(here(), 9));
  run_iterations();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  write_there("answer");
  assert_fulfills_bytes(avow_read(there(), 1), "a");
  run_iterations();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
}

static void hangup_is_reported_after_a_shutdown(void **state) {
  if (!can_report_hangup())
    return;
  avow_promise_t *p = wait_for_hangup();
  avow_unref(avow_catch(avow_shutdown(here()), ignore, NULL));
  run_iterations();
  drop(&ends[1]);

  assert_fulfills_none(p);
}

static void second_hangup_request_is_refused(void **state) {
  if (!can_report_hangup())
    return;
  avow_promise_t *p = wait_for_hangup();
  assert_says(wait_for_hangup(), UV_EALREADY, "poll: already in progress");
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);

  p = wait_for_hangup();
  run_iterations();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
}

static void closing_the_stream_cancels_the_hangup(void **state) {
  if (!can_report_hangup())
    return;
  avow_promise_t *p = wait_for_hangup();
  avow_promise_t *closed = avow_close(here());
  assert_rejects(wait_for_hangup(), UV_EINVAL);

  assert_rejects(p, UV_ECANCELED);
  assert_fulfills_none(closed);
}

static void releasing_the_stream_cancels_the_hangup(void **state) {
  if (!can_report_hangup())
    return;
  avow_promise_t *p = wait_for_hangup();
  run_iterations();
  drop(&ends[0]);

  assert_rejects(p, UV_ECANCELED);
}

static void reads_and_writes_work_during_hangup_detection(void **state) {
  if (!can_report_hangup())
    return;
  avow_promise_t *p = wait_for_hangup();
  avow_promise_t *read = avow_read(there(), 1);
  write_there("a");
  assert_fulfills_bytes(read, "a");
  read = avow_read(here(), 1);
  avow_unref(avow_write(there(), avow_string("b")));
  assert_fulfills_bytes(read, "b");
  assert_int_equal(avow_state(p), AVOW_PENDING);

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
}

/* Polling would report this data repeatedly. */
static void out_of_band_data_rejects_the_hangup(void **state) {
  uv_os_fd_t fd;
  if (!is_tcp())
    return;
  assert_int_equal(uv_fileno(handle_of(&ends[1]), &fd), 0);
  avow_promise_t *p = wait_for_hangup();
  assert_int_equal(send(fd, "!", 1, MSG_OOB), 1);

  assert_rejects(p, UV_ENOTSUP);
}

static int second_free(void) {
  const int first = dup(0), second = dup(0);
  (void) close(first);
  (void) close(second);
  return second;
}

static void hangup_leaves_no_descriptor_open(void **state) {
  const int before = second_free();
  for (int i = 0; i < 3; i++) {
    avow_promise_t *p = wait_for_hangup();
    run_iterations();
    avow_cancel(p);
    avow_unref(avow_catch(p, ignore, NULL));
    run_iterations();
  }

  assert_int_equal(second_free(), before);
}

static void hangup_survives_failing_memory(void **state) {
  if (!can_report_hangup())
    return;
  bool lacked = true;
  for (long nth = 1; lacked; nth++) {
    fail_allocation(nth, false);
    avow_promise_t *p = wait_for_hangup();
    run_iterations();
    lacked = allocation_failed();
    fail_allocation(0, false);
    avow_cancel(p);
    const avow_value_t v = avow_run(p);
    assert_true(avow_error_code(&v) == UV_ECANCELED ||
                (lacked && avow_error_code(&v) == UV_ENOMEM));
    avow_value_unref(v);
    assert_true(nth < 100);
  }
}

static void loop_may_close_during_hangup_detection(void **state) {
  avow_promise_t *p = avow_catch(wait_for_hangup(), ignore, NULL);
  run_iterations();
  avow_unref(p);
  drop(&ends[0]);
  drop(&ends[1]);
}

static void closing_the_last_reader_of_a_pipe_is_a_hangup(void **state) {
  uv_pipe_t pipe_handle;
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  assert_int_equal(uv_pipe_init(loop, &pipe_handle, 0), 0);
  assert_int_equal(uv_pipe_open(&pipe_handle, fds[1]), 0);
  avow_promise_t *p = avow_hangup(avow_uv_stream((uv_stream_t *) &pipe_handle));
  run_iterations();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  (void) close(fds[0]);

  assert_fulfills_none(p);

  assert_fulfills_none(avow_close_handle((uv_handle_t *) &pipe_handle));
}

static void hangup_without_a_descriptor_rejects(void **state) {
  uv_tcp_t tcp;
  assert_int_equal(uv_tcp_init(loop, &tcp), 0);

  assert_rejects(avow_hangup(avow_uv_stream((uv_stream_t *) &tcp)), UV_EBADF);

  assert_fulfills_none(avow_close_handle((uv_handle_t *) &tcp));
}

SUITE(hangup) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(closed_peer_is_a_hangup),
    cmocka_unit_test(closed_peer_with_unread_data_is_a_hangup),
    cmocka_unit_test(half_closed_peer_is_no_hangup),
    cmocka_unit_test(hangup_is_reported_after_a_shutdown),
    cmocka_unit_test(second_hangup_request_is_refused),
    cmocka_unit_test(closing_the_stream_cancels_the_hangup),
    cmocka_unit_test(releasing_the_stream_cancels_the_hangup),
    cmocka_unit_test(reads_and_writes_work_during_hangup_detection),
    cmocka_unit_test(out_of_band_data_rejects_the_hangup),
    cmocka_unit_test(hangup_leaves_no_descriptor_open),
    cmocka_unit_test(hangup_survives_failing_memory),
    cmocka_unit_test(loop_may_close_during_hangup_detection),
    cmocka_unit_test(closing_the_last_reader_of_a_pipe_is_a_hangup),
    cmocka_unit_test(hangup_without_a_descriptor_rejects),
  };
  return RUN_IN_WORLDS(tests);
}
