/* SPDX-License-Identifier: MIT */
/* Signals, as a channel and as a single promise. */
#include <signal.h>

#include "harness.h"

static avow_value_t raise_fn(void *data) {
  (void) raise(SIGUSR1); /* the loop catches it */
  return avow_none();
}

static void a_signal_is_its_number(void **state) {
  avow_channel_t *c = avow_signals(loop, SIGUSR1);
  avow_promise_t *next = avow_channel_next(c);

  (void) raise(SIGUSR1); /* the loop catches it */

  assert_fulfils_int(next, SIGUSR1);
  avow_channel_unref(c);
}

/* Lets libuv receive the raised signals. */
static void hear(void) {
  assert_fulfils_none(avow_sleep(loop, 1));
  assert_fulfils_none(avow_after_poll(loop));
}

static void what_comes_while_nobody_waits_is_kept_once(void **state) {
  avow_channel_t *c = avow_signals(loop, SIGUSR1);
  (void) raise(SIGUSR1); /* the loop catches it */
  hear();
  (void) raise(SIGUSR1); /* the loop catches it */
  hear();

  assert_fulfils_int(avow_channel_next(c), SIGUSR1);

  avow_promise_t *next = avow_channel_next(c);
  hear();
  assert_int_equal(avow_state(next), AVOW_PENDING);
  avow_channel_unref(c);
  assert_fulfils_none(next);
}

static void several_channels_hear_the_same_signal(void **state) {
  avow_channel_t *c = avow_signals(loop, SIGUSR1);
  avow_channel_t *e = avow_signals(loop, SIGUSR1);

  (void) raise(SIGUSR1); /* the loop catches it */

  assert_fulfils_int(avow_channel_next(c), SIGUSR1);
  assert_fulfils_int(avow_channel_next(e), SIGUSR1);
  avow_channel_unref(c);
  avow_channel_unref(e);
}

static void a_signal_once_stops_listening(void **state) {
  avow_promise_t *p = avow_channel_first(avow_signals(loop, SIGUSR1));
  avow_unref(avow_try(loop, raise_fn, NULL));

  assert_fulfils_int(p, SIGUSR1);
  run();
}

static void a_cancelled_signal_stops_listening(void **state) {
  avow_promise_t *p = avow_channel_first(avow_signals(loop, SIGUSR1));

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  run();
}

static void a_signal_that_cannot_be_caught_is_refused(void **state) {
  const avow_value_t v =
      avow_run(avow_channel_first(avow_signals(loop, SIGKILL)));

  assert_string_equal(avow_error_message(&v), "signal '9': invalid argument");
  avow_value_unref(v);
  assert_rejects(avow_channel_first(avow_signals(loop, 0)), UV_EINVAL);
  run();
}

static void listening_alone_does_not_keep_the_loop_alive(void **state) {
  avow_channel_t *c = avow_signals(loop, SIGUSR1);
  run();

  avow_promise_t *next = avow_channel_next(c);
  assert_int_not_equal(uv_loop_alive(loop), 0);
  avow_channel_close(c);

  assert_fulfils_none(next);
  avow_channel_unref(c);
}

static void a_program_may_close_all_handles(void **state) {
  avow_channel_t *c = avow_signals(loop, SIGUSR1);
  avow_promise_t *next = avow_channel_next(c);
  uv_walk(loop, close_handle, NULL);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the result does not matter */

  avow_cancel(next);
  avow_unref(next);
  avow_channel_unref(c);

  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void loop_close_waits_for_what_a_program_closes(void **state) {
  avow_channel_t *c = avow_signals(loop, SIGUSR1);
  uv_walk(loop, close_handle, NULL);

  assert_int_equal(avow_loop_close(loop), 0);

  avow_channel_unref(c);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void find_signal(uv_handle_t *handle, void *out) {
  if (handle->type == UV_SIGNAL)
    *(void **) out = handle->data;
}

/* The program's other handles stay open, whatever data they have. */
static void loop_close_knows_its_handles_among_others(void **state) {
  avow_channel_t *c = avow_signals(loop, SIGUSR1);
  uv_timer_t timer;
  timer.data = NULL;
  uv_walk(loop, find_signal, &timer.data);
  assert_non_null(timer.data);
  uv_walk(loop, close_handle, NULL);
  assert_int_equal(uv_timer_init(loop, &timer), 0);
  avow_channel_unref(c);

  assert_int_equal(avow_loop_close(loop), 0);

  uv_close((uv_handle_t *) &timer, NULL);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
  run();
}

static void assert_none_there(const avow_channel_t *c) {
  avow_value_t v;
  assert_int_equal(avow_channel_try_next(c, &v), UV_EAGAIN);
}

static void a_signal_that_nobody_waited_for_is_there_to_try(void **state) {
  avow_channel_t *c = avow_signals(loop, SIGUSR1);
  assert_none_there(c);
  assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0); /* no receive is pending */
  (void) raise(SIGUSR1);                             /* the loop catches it */
  assert_fulfils_none(avow_after_poll(loop));

  avow_value_t v;
  assert_int_equal(avow_channel_try_next(c, &v), 0);

  assert_int_equal(avow_to_int(&v), SIGUSR1);
  assert_none_there(c);
  avow_channel_unref(c);
}

SUITE(signal) {
  const struct CMUnitTest tests[] = {
    CASE(a_signal_is_its_number),
    CASE(what_comes_while_nobody_waits_is_kept_once),
    CASE(several_channels_hear_the_same_signal),
    CASE(a_signal_once_stops_listening),
    CASE(a_cancelled_signal_stops_listening),
    CASE(a_signal_that_cannot_be_caught_is_refused),
    CASE(listening_alone_does_not_keep_the_loop_alive),
    CASE(a_program_may_close_all_handles),
    CASE(loop_close_waits_for_what_a_program_closes),
    CASE(loop_close_knows_its_handles_among_others),
    CASE(a_signal_that_nobody_waited_for_is_there_to_try),
  };
  return RUN(tests);
}
