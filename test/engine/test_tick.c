/* SPDX-License-Identifier: MIT */
/* When jobs run: after which callbacks, and before which other work. */
#include "harness.h"

#include <unistd.h>

/* A program with handles of its own. After its trigger has settled a promise,
   it records each phase of an iteration until the handler closes the handles.
   If the loop slept, it would sleep for an hour, and the alarm would end the
   test. */
typedef struct {
  uv_prepare_t prepare;
  uv_check_t check;
  uv_timer_t far;
  avow_deferred_t *d;
  unsigned iterations;
  bool watches, handled;
} stage_t;

enum { FAR = 3600 * 1000 };

static stage_t stage;

static void close_stage(void) {
  close_handle((uv_handle_t *) &stage.prepare, NULL);
  close_handle((uv_handle_t *) &stage.check, NULL);
  close_handle((uv_handle_t *) &stage.far, NULL);
}

static void on_prepare(uv_prepare_t *handle) {
  stage.iterations++;
  if (stage.watches)
    note("prepare");
}

static void on_check(uv_check_t *handle) {
  if (stage.watches)
    note("check");
}

static void on_far(uv_timer_t *handle) {
  note("late");
  close_stage();
}

static avow_value_t stage_cb(const avow_value_t *arg, void *data) {
  note("handler");
  stage.handled = true;
  close_stage();
  return avow_none();
}

static void open_stage(void) {
  assert_fulfills_none(avow_sleep(loop, 0)); /* a job before the test's */
  stage = (stage_t){ .iterations = 0 };
  (void) uv_prepare_init(loop, &stage.prepare);
  (void) uv_check_init(loop, &stage.check);
  (void) uv_timer_init(loop, &stage.far);
  (void) uv_prepare_start(&stage.prepare, on_prepare);
  (void) uv_check_start(&stage.check, on_check);
  (void) uv_timer_start(&stage.far, on_far, FAR, 0);
  avow_promise_t *p = avow_promise_new(loop, &stage.d);
  avow_unref(avow_then(p, stage_cb, NULL, NULL));
}

static void settle(void) {
  note("settled");
  stage.watches = true;
  assert_true(avow_resolve(stage.d, avow_none()));
}

static void settle_once(uv_handle_t *handle) {
  settle();
  close_handle(handle, NULL);
}

static void assert_inactive(uv_handle_t *handle, void *data) {
  if (handle->type == UV_IDLE || handle->type == UV_CHECK)
    assert_false(uv_is_active(handle));
}

/* Asserts that the loop neither sleeps nor spins, and that it ends. */
static void assert_stage(const char *notes) {
  run();

  assert_notes(notes);
  assert_int_in_range(stage.iterations, 0, 10);
  assert_false(uv_loop_alive(loop));
  uv_walk(loop, assert_inactive, NULL);
}

/* Places in which a promise settles. */

static void on_timer(uv_timer_t *handle) {
  settle_once((uv_handle_t *) handle);
}

static void start_timer(uv_timer_t *timer, uv_timer_cb cb, uint64_t ms) {
  (void) uv_timer_init(loop, timer);
  (void) uv_timer_start(timer, cb, ms, 0);
}

static void handlers_of_a_timer_run_before_the_next_poll(void **state) {
  uv_timer_t timer;
  open_stage();

  start_timer(&timer, on_timer, 1);

  assert_stage("settled handler");
}

static void open_readable(int fds[2]) {
  open_stage();
  assert_int_equal(pipe(fds), 0);
  assert_int_equal(write(fds[1], "x", 1), 1);
}

static void on_poll(uv_poll_t *handle, int status, int events) {
  settle_once((uv_handle_t *) handle);
}

static void handlers_of_a_poll_run_in_the_same_iteration(void **state) {
  uv_poll_t poll;
  int fds[2];
  open_readable(fds);

  assert_int_equal(uv_poll_init(loop, &poll, fds[0]), 0);
  assert_int_equal(uv_poll_start(&poll, UV_READABLE, on_poll), 0);

  assert_stage("settled handler");
  (void) close(fds[0]);
  (void) close(fds[1]);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf) {
  static char bytes[16];
  *buf = uv_buf_init(bytes, sizeof(bytes));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  settle_once((uv_handle_t *) stream);
}

static void handlers_of_a_read_run_in_the_same_iteration(void **state) {
  uv_pipe_t reader;
  int fds[2];
  open_readable(fds);

  assert_int_equal(uv_pipe_init(loop, &reader, 0), 0);
  assert_int_equal(uv_pipe_open(&reader, fds[0]), 0);
  assert_int_equal(uv_read_start((uv_stream_t *) &reader, on_alloc, on_read),
                   0);

  assert_stage("settled handler");
  (void) close(fds[1]);
}

static void on_work(uv_work_t *req) {
}

static void after_work(uv_work_t *req, int status) {
  settle();
}

static void handlers_of_a_request_run_in_the_same_iteration(void **state) {
  uv_work_t req;
  open_stage();

  assert_int_equal(uv_queue_work(loop, &req, on_work, after_work), 0);

  assert_stage("settled handler");
}

static void on_own_check(uv_check_t *handle) {
  settle_once((uv_handle_t *) handle);
}

static void handlers_of_a_check_run_before_the_next_poll(void **state) {
  uv_check_t check;
  uv_async_t async; /* so that the poll before the check does not wait */
  open_stage();
  assert_int_equal(uv_async_init(loop, &async, NULL), 0);
  close_handle((uv_handle_t *) &async, NULL);

  (void) uv_check_init(loop, &check);
  (void) uv_check_start(&check, on_own_check);

  assert_stage("settled check handler");
}

static void on_own_idle(uv_idle_t *handle) {
  settle_once((uv_handle_t *) handle);
}

static void handlers_of_an_idle_run_in_the_same_iteration(void **state) {
  uv_idle_t idle;
  open_stage();

  (void) uv_idle_init(loop, &idle);
  (void) uv_idle_start(&idle, on_own_idle);

  assert_stage("settled prepare handler");
}

static void on_own_prepare(uv_prepare_t *handle) {
  settle_once((uv_handle_t *) handle);
}

static void handlers_of_a_prepare_run_in_the_same_iteration(void **state) {
  uv_prepare_t prepare;
  open_stage();

  (void) uv_prepare_init(loop, &prepare);
  (void) uv_prepare_start(&prepare, on_own_prepare);

  assert_stage("settled prepare handler");
}

static void on_close(uv_handle_t *handle) {
  settle();
}

static void handlers_of_a_close_run_before_the_next_poll(void **state) {
  uv_timer_t timer;
  open_stage();

  (void) uv_timer_init(loop, &timer);
  uv_close((uv_handle_t *) &timer, on_close);

  assert_stage("settled handler");
}

static void handlers_settled_outside_the_loop_run_first(void **state) {
  open_stage();

  settle();

  assert_stage("settled handler");
}

/* In modes other than UV_RUN_DEFAULT, one call is enough, too. */

static void assert_one_call_is_enough(uv_run_mode mode) {
  open_stage();
  settle();

  (void) uv_run(loop, mode); /* not 0: handles are closing */

  assert_true(stage.handled);
  assert_stage("settled handler");
}

static void one_call_of_once_runs_pending_handlers(void **state) {
  assert_one_call_is_enough(UV_RUN_ONCE);
}

static void one_call_of_nowait_runs_pending_handlers(void **state) {
  assert_one_call_is_enough(UV_RUN_NOWAIT);
}

static void nowait_runs_timer_handlers_in_the_next_call(void **state) {
  uv_timer_t timer;
  open_stage();
  start_timer(&timer, on_timer, 0);

  while (!stage.watches)
    (void) uv_run(loop, UV_RUN_NOWAIT); /* not 0: the stage is open */
  (void) uv_run(loop, UV_RUN_NOWAIT);   /* not 0 either */

  assert_true(stage.handled);
  assert_stage("settled handler");
}

static void stop_before_a_run_leaves_jobs_to_the_next_run(void **state) {
  open_stage();
  settle();

  uv_stop(loop);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* not 0: the stage is open */
  assert_false(stage.handled);

  assert_stage("settled handler");
}

static void on_timer_that_stops(uv_timer_t *handle) {
  uv_stop(loop);
  settle_once((uv_handle_t *) handle);
}

static void stop_in_a_callback_loses_no_job(void **state) {
  uv_timer_t timer;
  open_stage();
  start_timer(&timer, on_timer_that_stops, 0);

  (void) uv_run(loop, UV_RUN_DEFAULT); /* not 0: stopped */
  (void) uv_run(loop, UV_RUN_NOWAIT);  /* not 0 either */

  assert_true(stage.handled);
  assert_stage("settled handler");
}

/* The program's callbacks run while avow_loop_close() closes handles. */

static avow_promise_t *made_late;

static void on_busy(uv_idle_t *handle) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_unref(avow_then(p, note_cb, NULL, "job"));
  avow_deferred_t *d;
  avow_unref(made_late);
  made_late = avow_then(avow_promise_new(loop, &d), note_cb, NULL, "job");
  handle->data = d;
  uv_idle_stop(handle);
}

static void jobs_queued_while_handles_close_are_not_lost(void **state) {
  uv_idle_t idle;
  made_late = NULL;
  (void) uv_idle_init(loop, &idle);
  (void) uv_idle_start(&idle, on_busy);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_not_equal(avow_state(made_late), AVOW_PENDING);
  assert_rejects(made_late, UV_ECANCELED);
  avow_deferred_drop(idle.data);
  uv_close((uv_handle_t *) &idle, NULL);
  run();
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

SUITE(tick) {
  const struct CMUnitTest tests[] = {
    CASE(handlers_of_a_timer_run_before_the_next_poll),
    CASE(handlers_of_a_poll_run_in_the_same_iteration),
    CASE(handlers_of_a_read_run_in_the_same_iteration),
    CASE(handlers_of_a_request_run_in_the_same_iteration),
    CASE(handlers_of_a_check_run_before_the_next_poll),
    CASE(handlers_of_an_idle_run_in_the_same_iteration),
    CASE(handlers_of_a_prepare_run_in_the_same_iteration),
    CASE(handlers_of_a_close_run_before_the_next_poll),
    CASE(handlers_settled_outside_the_loop_run_first),
    CASE(one_call_of_once_runs_pending_handlers),
    CASE(one_call_of_nowait_runs_pending_handlers),
    CASE(nowait_runs_timer_handlers_in_the_next_call),
    CASE(stop_before_a_run_leaves_jobs_to_the_next_run),
    CASE(stop_in_a_callback_loses_no_job),
    CASE(jobs_queued_while_handles_close_are_not_lost),
  };
  return RUN(tests);
}
