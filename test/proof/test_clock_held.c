/* SPDX-License-Identifier: MIT */
/*
 * Operations that hold an automatic virtual clock, operations that do not, and
 * the message about them.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

enum { SECOND = 1000, HOUR = 3600 * SECOND, WHILE = 20, LARGE = 4 << 20 };

static uv_pipe_t ours, theirs; /* ends of one socket */

static avow_stream_t stream_of(uv_pipe_t *pipe) {
  return avow_uv_stream((uv_stream_t *) pipe);
}

static int set_up(void **state) {
  const int err = harness_setup(state);
  use_clock(AVOW_CLOCK_BY_ITSELF);
  return err;
}

static int set_up_streams(void **state) {
  int fds[2];
  const int err = set_up(state);
  (void) uv_pipe_init(loop, &ours, 0);
  (void) uv_pipe_init(loop, &theirs, 0);
  if (err != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0 ||
      uv_pipe_open(&ours, fds[0]) != 0)
    return -1;
  return uv_pipe_open(&theirs, fds[1]);
}

static int tear_down_streams(void **state) {
  close_handle((uv_handle_t *) &ours, NULL);
  close_handle((uv_handle_t *) &theirs, NULL);
  run();
  return harness_teardown(state);
}

static void note_sleep(uint64_t ms) {
  note_time_of(avow_sleep(loop, ms), "sleep");
}

/* Peers. */

static avow_value_t write_cb(const avow_value_t *arg, void *pipe) {
  return avow_follow(avow_write(stream_of(pipe), avow_bytes("late", 4)));
}

static void peer_on_the_loop_may_sleep(void **state) {
  avow_promise_t *p = avow_read(stream_of(&ours), 10);
  avow_unref(avow_then(avow_sleep(loop, HOUR), write_cb, NULL, &theirs));

  note_time_of(avow_timeout(p, 2 * HOUR), "read");

  run();
  assert_notes("read@3600000");
}

static avow_value_t read_cb(const avow_value_t *arg, void *pipe) {
  return avow_follow(avow_read_all(stream_of(pipe), 2 * LARGE));
}

static avow_value_t shut_cb(const avow_value_t *arg, void *pipe) {
  return avow_follow(avow_shutdown(stream_of(pipe)));
}

static void write_may_wait_for_a_peer_that_sleeps(void **state) {
  char *text = NULL;
  const avow_value_t bytes = avow_bytes_new(LARGE, &text);
  memset(text, 'x', LARGE);
  avow_promise_t *p = avow_write(stream_of(&ours), bytes);
  note_time_of(avow_then(p, shut_cb, NULL, &ours), "written");

  avow_promise_t *q = avow_sleep(loop, HOUR);
  note_time_of(avow_then(q, read_cb, NULL, &theirs), "read");

  run();
  assert_notes("written@3600000 read@3600000");
}

typedef struct {
  int left;
  uv_pipe_t *from, *to;
  uint64_t stall; /* ms */
} rally_t;

static avow_value_t play(void *data);

static avow_value_t played(const avow_value_t *bytes, void *data) {
  rally_t *rally = data;
  uv_pipe_t *from = rally->from;
  stall(rally->stall);
  rally->from = rally->to;
  rally->to = from;
  return --rally->left > 0 ? play(data) : avow_int(0);
}

static avow_value_t play(void *data) {
  const rally_t *rally = data;
  avow_unref(avow_write(stream_of(rally->to), avow_bytes("x", 1)));
  avow_promise_t *p = avow_read(stream_of(rally->from), 1);
  return avow_follow(avow_then(avow_timeout(p, 1), played, NULL, data));
}

/* Each read has a timeout of a millisecond, and data is in transit each
   time. */
static void data_in_transit_arrives_before_timeouts(void **state) {
  rally_t rally = { 200, &ours, &theirs, 0 };

  assert_fulfills_int(avow_try(loop, play, &rally), 0);

  assert_true(avow_now(loop) == 0);
}

static int begin_with(const avow_options_t *options) {
  assert_int_equal(avow_loop_close(loop), 0);
  return avow_loop_init(loop, options);
}

/* When the loop polls, the quiet time is over, but data arrived within it. */
static void data_of_a_slow_handler_arrives_before_timeouts(void **state) {
  const avow_options_t options = { STEADY, .clock = AVOW_CLOCK_BY_ITSELF,
                                   .clock_quiet_ms = 1 };
  rally_t rally = { 10, &ours, &theirs, 3 };
  assert_int_equal(begin_with(&options), 0);

  assert_fulfills_int(avow_try(loop, play, &rally), 0);

  assert_true(avow_now(loop) == 0);
}

static void write_later(void *data) {
  uv_os_fd_t fd;
  uv_sleep(WHILE);
  assert_int_equal(uv_fileno((uv_handle_t *) &theirs, &fd), 0);
  assert_int_equal(write(fd, "late", 4), 4);
}

static void quiet_time_waits_for_slow_peers(void **state) {
  const avow_options_t options = { STEADY, .clock = AVOW_CLOCK_BY_ITSELF,
                                   .clock_quiet_ms = 3600000 };
  uv_thread_t thread;
  assert_int_equal(begin_with(&options), 0);
  avow_promise_t *p = avow_read(stream_of(&ours), 10);
  note_time_of(avow_timeout(p, 1), "read");
  assert_int_equal(uv_thread_create(&thread, write_later, NULL), 0);

  run();

  assert_notes("read@0");
  (void) uv_thread_join(&thread);
}

static void on_signal(uv_signal_t *handle, int number) {
}

static void signal_and_file_watchers_do_not_hold_the_clock(void **state) {
  uv_signal_t handle;
  (void) uv_signal_init(loop, &handle);
  (void) uv_signal_start(&handle, on_signal, SIGUSR1);
  avow_channel_t *events = avow_fs_events(loop, ".", 0);
  avow_unref(avow_channel_next(events));

  assert_fulfills_none(avow_sleep(loop, HOUR));

  avow_channel_close(events);
  avow_channel_unref(events);
  close_handle((uv_handle_t *) &handle, NULL);
  run();
}

/* Others. */

static void answer_later(void *remote) {
  uv_sleep(WHILE);
  (void) avow_remote_resolve(remote, avow_none()); /* the loop waits for it */
}

static void other_threads_hold_the_clock(void **state) {
  avow_remote_t *remote;
  uv_thread_t thread;
  note_time_of(avow_remote_new(loop, &remote), "remote");
  note_sleep(1);
  assert_int_equal(uv_thread_create(&thread, answer_later, remote), 0);

  run();

  assert_notes("remote@0 sleep@1");
  (void) uv_thread_join(&thread);
}

static avow_value_t answer_there(uv_loop_t *own, void *data) {
  return avow_follow(avow_sleep(own, WHILE));
}

static void other_loops_hold_the_clock(void **state) {
  avow_loops_t *loops = avow_loops_new(1);
  avow_promise_t *p = avow_loops_run(loops, 0, loop, answer_there, NULL);
  note_time_of(p, "there");
  note_sleep(1);

  run();

  assert_notes("there@0 sleep@1");
  assert_fulfills_none(avow_loops_close(loops, loop));
}

static void processes_hold_the_clock(void **state) {
  const char *const args[] = { "sleep", "0.02", NULL };
  const avow_command_t command = { .args = args, .timeout = HOUR };
  note_time_of(avow_command(loop, &command, avow_none()), "command");
  note_sleep(1);

  run();

  assert_notes("command@0 sleep@1");
}

static void on_own_work(uv_work_t *work) {
  uv_sleep(WHILE);
}

static void after_own_work(uv_work_t *work, int status) {
  note("work");
}

static void requests_of_the_program_hold_the_clock(void **state) {
  uv_work_t work;
  assert_int_equal(uv_queue_work(loop, &work, on_own_work, after_own_work), 0);
  note_sleep(1);

  run();

  assert_notes("work sleep@1");
}

static void on_async(uv_async_t *handle) {
  note("async");
  close_handle((uv_handle_t *) handle, NULL);
}

static void send_later(void *async) {
  uv_sleep(WHILE);
  (void) uv_async_send(async);
}

static void async_handles_hold_the_clock(void **state) {
  uv_async_t async;
  uv_thread_t thread;
  (void) uv_async_init(loop, &async, on_async);
  note_sleep(1);
  assert_int_equal(uv_thread_create(&thread, send_later, &async), 0);

  run();

  assert_notes("async sleep@1");
  (void) uv_thread_join(&thread);
}

static void unreferenced_handle_does_not_hold_the_clock(void **state) {
  uv_async_t async;
  (void) uv_async_init(loop, &async, on_async);
  uv_unref((uv_handle_t *) &async);

  assert_fulfills_none(avow_sleep(loop, HOUR));

  close_handle((uv_handle_t *) &async, NULL);
  run();
}

typedef struct {
  avow_promise_t *(*wait)(uv_loop_t *);
  int times;
} phase_t;

static avow_value_t wait_again(void *data) {
  phase_t *phase = data;
  return ++phase->times == 10 ? avow_int(0) : avow_follow(phase->wait(loop));
}

static void waiting_for_an_iteration_holds_the_clock(void **state) {
  phase_t phases[] = { { .wait = avow_next_iteration },
                       { .wait = avow_after_poll } };
  for (int i = 0; i < 2; i++) {
    const uint64_t now = avow_now(loop);
    note_sleep(1);

    assert_fulfills_int(avow_repeat(loop, wait_again, &phases[i]), 0);

    assert_true(avow_now(loop) == now);
    run();
  }
  assert_notes("sleep@1 sleep@2");
}

static avow_value_t wait_for_time(void *data) {
  return avow_now(loop) > 0 ? avow_int(0) : avow_follow(avow_before_poll(loop));
}

/* The poll also waits for time with the real clock. */
static void waiting_for_a_poll_does_not_hold_the_clock(void **state) {
  note_sleep(1);

  assert_fulfills_int(avow_repeat(loop, wait_for_time, NULL), 0);

  run();
  assert_notes("sleep@1");
}

static void on_check(uv_check_t *check) {
}

/* Check handles run in each iteration, even if no other event occurs. */
static void check_handle_does_not_hold_the_clock(void **state) {
  uv_check_t check;
  (void) uv_check_init(loop, &check);
  (void) uv_check_start(&check, on_check);

  assert_fulfills_none(avow_sleep(loop, HOUR));

  close_handle((uv_handle_t *) &check, NULL);
  run();
}

static int work_count;

/* Works until a message is on stderr. */
static void on_long_work(uv_work_t *work) {
  struct stat said = { 0 };
  while (fstat(STDERR_FILENO, &said) == 0 && said.st_size == 0)
    uv_sleep(1);
}

static void after_long_work(uv_work_t *work, int status) {
  work_count--;
}

/* Holds the clock until the guard reports it, with no handler in between. */
static void hold_a_while(void) {
  uv_work_t work;
  work_count = 1;
  assert_int_equal(uv_queue_work(loop, &work, on_long_work, after_long_work),
                   0);
  avow_promise_t *p = avow_sleep(loop, HOUR);
  while (work_count > 0)
    (void) uv_run(loop, UV_RUN_ONCE); /* the work keeps the loop alive */
  avow_cancel(p);
  avow_unref(p);
}

/* The first hold may be over before the loop polls again. */
static void each_hold_is_reported(void **state) {
  const avow_options_t options = { STEADY, .clock = AVOW_CLOCK_BY_ITSELF,
                                   .clock_guard_ms = 1 };
  assert_int_equal(begin_with(&options), 0);
  for (int i = 0; i < 2; i++) {
    FILE *file = stderr_of(hold_a_while);
    assert_int_equal(fgetc(file), 'a'); /* of "avow: a virtual clock …" */
    (void) fclose(file);
  }
}

#define HELD(f) cmocka_unit_test_setup_teardown(f, set_up, harness_teardown)
#define STREAMS(f) \
  cmocka_unit_test_setup_teardown(f, set_up_streams, tear_down_streams)

SUITE(clock_held) {
  (void) signal(SIGPIPE, SIG_IGN); /* cannot fail */
  const struct CMUnitTest tests[] = {
    STREAMS(peer_on_the_loop_may_sleep),
    STREAMS(write_may_wait_for_a_peer_that_sleeps),
    STREAMS(data_in_transit_arrives_before_timeouts),
    STREAMS(data_of_a_slow_handler_arrives_before_timeouts),
    STREAMS(quiet_time_waits_for_slow_peers),
    HELD(signal_and_file_watchers_do_not_hold_the_clock),
    HELD(other_threads_hold_the_clock),
    HELD(other_loops_hold_the_clock),
    HELD(processes_hold_the_clock),
    HELD(requests_of_the_program_hold_the_clock),
    HELD(async_handles_hold_the_clock),
    HELD(unreferenced_handle_does_not_hold_the_clock),
    HELD(waiting_for_an_iteration_holds_the_clock),
    HELD(waiting_for_a_poll_does_not_hold_the_clock),
    HELD(check_handle_does_not_hold_the_clock),
    HELD(each_hold_is_reported),
  };
  return RUN(tests);
}
