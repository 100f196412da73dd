/* SPDX-License-Identifier: MIT */
/* Detection of a hang-up on streams of all classes. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worlds.h"

/* The program's class in these tests cannot report a hang-up. */
static bool can_be_known(void) {
  return strcmp(world->name, "veil") != 0;
}

static bool is_tcp(void) {
  return strcmp(world->name, "tcp") == 0;
}

static avow_promise_t *gone(void) {
  return avow_hangup(here());
}

static void turns(void) {
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
static void peer_that_closes_has_gone(void **state) {
  avow_promise_t *p = gone();
  if (!can_be_known()) {
    assert_says(p, UV_ENOTSUP, "poll: operation not supported");
    return;
  }
  turns();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  drop(&ends[1]);
  if (is_tcp())
    write_there("x");

  assert_fulfils_none(p);
  assert_fulfils_none(gone());
}

static void unread_bytes_tell_of_it_at_once(void **state) {
  if (!can_be_known())
    return;
  write_there("hello");
  avow_promise_t *p = gone();
  turns();
  drop(&ends[1]);

  assert_fulfils_none(p);
}

static void peer_that_has_ended_its_side_has_not(void **state) {
  if (!can_be_known())
    return;
  avow_promise_t *p = gone();
  assert_fulfils_none(avow_shutdown(there()));
  assert_fulfils_none(avow_read(here(), 9));
  turns();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  write_there("answer");
  assert_fulfils_bytes(avow_read(there(), 1), "a");
  turns();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
}

static void both_sides_that_end_are_an_end(void **state) {
  if (!can_be_known())
    return;
  avow_promise_t *p = gone();
  avow_unref(avow_catch(avow_shutdown(here()), ignore, NULL));
  turns();
  drop(&ends[1]);

  assert_fulfils_none(p);
}

static void one_waits_at_a_time(void **state) {
  if (!can_be_known())
    return;
  avow_promise_t *p = gone();
  assert_says(gone(), UV_EALREADY, "poll: already in progress");
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);

  p = gone();
  turns();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
}

static void what_closes_waits_no_more(void **state) {
  if (!can_be_known())
    return;
  avow_promise_t *p = gone();
  avow_promise_t *closed = avow_close(here());
  assert_rejects(gone(), UV_EINVAL);

  assert_rejects(p, UV_ECANCELED);
  assert_fulfils_none(closed);
}

static void nor_does_what_goes(void **state) {
  if (!can_be_known())
    return;
  avow_promise_t *p = gone();
  turns();
  drop(&ends[0]);

  assert_rejects(p, UV_ECANCELED);
}

static void reading_and_writing_go_on_meanwhile(void **state) {
  if (!can_be_known())
    return;
  avow_promise_t *p = gone();
  avow_promise_t *read = avow_read(there(), 1);
  write_there("a");
  assert_fulfils_bytes(read, "a");
  read = avow_read(here(), 1);
  avow_unref(avow_write(there(), avow_string("b")));
  assert_fulfils_bytes(read, "b");
  assert_int_equal(avow_state(p), AVOW_PENDING);

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
}

/* Polling would report this data repeatedly. */
static void data_out_of_band_end_it(void **state) {
  uv_os_fd_t fd;
  if (!is_tcp())
    return;
  assert_int_equal(uv_fileno(handle_of(&ends[1]), &fd), 0);
  avow_promise_t *p = gone();
  assert_int_equal(send(fd, "!", 1, MSG_OOB), 1);

  assert_rejects(p, UV_ENOTSUP);
}

static int second_free(void) {
  const int first = dup(0), second = dup(0);
  (void) close(first);
  (void) close(second);
  return second;
}

static void no_descriptor_stays(void **state) {
  const int before = second_free();
  for (int i = 0; i < 3; i++) {
    avow_promise_t *p = gone();
    turns();
    avow_cancel(p);
    avow_unref(avow_catch(p, ignore, NULL));
    turns();
  }

  assert_int_equal(second_free(), before);
}

static void needs_memory(void **state) {
  if (!can_be_known())
    return;
  bool lacked = true;
  for (long nth = 1; lacked; nth++) {
    fail_allocation(nth, false);
    avow_promise_t *p = gone();
    turns();
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

static void loop_may_close_meanwhile(void **state) {
  avow_promise_t *p = avow_catch(gone(), ignore, NULL);
  turns();
  avow_unref(p);
  drop(&ends[0]);
  drop(&ends[1]);
}

static void last_reader_of_a_pipe_counts(void **state) {
  uv_pipe_t pipe_handle;
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  assert_int_equal(uv_pipe_init(loop, &pipe_handle, 0), 0);
  assert_int_equal(uv_pipe_open(&pipe_handle, fds[1]), 0);
  avow_promise_t *p = avow_hangup(avow_uv_stream((uv_stream_t *) &pipe_handle));
  turns();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  (void) close(fds[0]);

  assert_fulfils_none(p);

  assert_fulfils_none(avow_close_handle((uv_handle_t *) &pipe_handle));
}

static void what_has_no_descriptor_has_no_peer(void **state) {
  uv_tcp_t tcp;
  assert_int_equal(uv_tcp_init(loop, &tcp), 0);

  assert_rejects(avow_hangup(avow_uv_stream((uv_stream_t *) &tcp)), UV_EBADF);

  assert_fulfils_none(avow_close_handle((uv_handle_t *) &tcp));
}

SUITE(hangup) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(peer_that_closes_has_gone),
    cmocka_unit_test(unread_bytes_tell_of_it_at_once),
    cmocka_unit_test(peer_that_has_ended_its_side_has_not),
    cmocka_unit_test(both_sides_that_end_are_an_end),
    cmocka_unit_test(one_waits_at_a_time),
    cmocka_unit_test(what_closes_waits_no_more),
    cmocka_unit_test(nor_does_what_goes),
    cmocka_unit_test(reading_and_writing_go_on_meanwhile),
    cmocka_unit_test(data_out_of_band_end_it),
    cmocka_unit_test(no_descriptor_stays),
    cmocka_unit_test(needs_memory),
    cmocka_unit_test(loop_may_close_meanwhile),
    cmocka_unit_test(last_reader_of_a_pipe_counts),
    cmocka_unit_test(what_has_no_descriptor_has_no_peer),
  };
  return RUN_IN_WORLDS(tests);
}
