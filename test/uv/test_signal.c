/* SPDX-License-Identifier: MIT */
/* Signals, as a channel and as a single promise. */
#include <signal.h>

#include "harness.h"

static avow_value_t raise_fn(void *data) {
  (void) raise(SIGUSR1); /* the loop catches it */
  return avow_none();
}

static void signal_item_is_its_number(void **state) {
  avow_channel_t *c = avow_signals(loop, SIGUSR1);
  avow_promise_t *next = avow_channel_next(c);

  (void) raise(SIGUSR1); /* the loop catches it */

  assert_fulfills_int(next, SIGUSR1);
  avow_channel_unref(c);
}

/* Lets libuv receive the raised signals. */
static void receive_signals(void) {
  assert_fulfills_none(avow_sleep(loop, 1));
  assert_fulfills_none(avow_after_poll(loop));
}

static void unreceived_signals_are_kept_once(void **state) {
  avow_channel_t *c = avow_signals(loop, SIGUSR1);
  (void) raise(SIGUSR1); /* the loop catches it */
  receive_signals();
  (void) raise(SIGUSR1); /* the loop catches it */
  receive_signals();

  assert_fulfills_int(avow_channel_next(c), SIGUSR1);

  avow_promise_t *next = avow_channel_next(c);
  receive_signals();
  assert_int_equal(avow_state(next), AVOW_PENDING);
  avow_channel_unref(c);
  assert_fulfills_none(next);
}

static void several_channels_receive_the_same_signal(void **state) {
  avow_channel_t *c = avow_signals(loop, SIGUSR1);
  avow_channel_t *e = avow_signals(loop, SIGUSR1);

  (void) raise(SIGUSR1); /* the loop catches it */

  assert_fulfills_int(avow_channel_next(c), SIGUSR1);
  assert_fulfills_int(avow_channel_next(e), SIGUSR1);
  avow_channel_unref(c);
  avow_channel_unref(e);
}

static void channel_first_stops_listening_after_one_signal(void **state) {
  avow_promise_t *p = avow_channel_first(avow_signals(loop, SIGUSR1));
  avow_unref(avow_try(loop, raise_fn, NULL));

  assert_fulfills_int(p, SIGUSR1);
  run();
}

static void canceled_receive_stops_listening(void **state) {
  avow_promise_t *p = avow_channel_first(avow_signals(loop, SIGUSR1));

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  run();
}

static void uncatchable_signal_is_refused(void **state) {
  const avow_value_t v =
      avow_run(avow_channel_first(avow_signals(loop, SIGKILL)));

  assert_string_equal(avow_error_message(&v), "signal '9': invalid argument");
  avow_value_unref(v);
  assert_rejects(avow_channel_first(avow_signals(loop, 0)), UV_EINVAL);
  run();
}

static void only_a_pending_receive_keeps_the_loop_alive(void **state) {
  avow_channel_t *c = avow_signals(loop, SIGUSR1);
  run();

  avow_promise_t *next = avow_channel_next(c);
  assert_int_not_equal(uv_loop_alive(loop), 0);
  avow_channel_close(c);

  assert_fulfills_none(next);
  avow_channel_unref(c);
}

static void program_may_close_all_handles(void **state) {
  avow_channel_t *c = avow_signals(loop, SIGUSR1);
  avow_promise_t *next = avow_channel_next(c);
  uv_walk(loop, close_handle, NULL);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the result does not matter */

  avow_cancel(next);
  avow_unref(next);
  avow_channel_unref(c);

  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void loop_close_waits_for_handles_the_program_closes(void **state) {
  avow_channel_t *c = avow_signals(loop, SIGUSR1);
  uv_walk(loop, close_handle, NULL);

  assert_int_equal(avow_loop_close(loop), 0);

  avow_channel_unref(c);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void find_signal(uv_handle_t *handle, void *out) {
  if (handle->type == UV_SIGNAL)
    *(void **) out = handle->data;
}

/* The program's other handles stay open, whatever data they have. */
static void loop_close_keeps_handles_of_the_program_open(void **state) {
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
  assert_int_equal(avow_loop_init(loop, &steady), 0);
  run();
}

static void assert_none_there(const avow_channel_t *c) {
  avow_value_t v;
  assert_int_equal(avow_channel_try_next(c, &v), UV_EAGAIN);
}

static void try_next_gives_an_unreceived_signal(void **state) {
  avow_channel_t *c = avow_signals(loop, SIGUSR1);
  assert_none_there(c);
  assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0); /* no receive is pending */
  (void) raise(SIGUSR1);                             /* the loop catches it */
  assert_fulfills_none(avow_after_poll(loop));

  avow_value_t v;
  assert_int_equal(avow_channel_try_next(c, &v), 0);

  assert_int_equal(avow_to_int(&v), SIGUSR1);
  assert_none_there(c);
  avow_channel_unref(c);
}

SUITE(signal) {
  const struct CMUnitTest tests[] = {
    CASE(signal_item_is_its_number),
    CASE(unreceived_signals_are_kept_once),
    CASE(several_channels_receive_the_same_signal),
    CASE(channel_first_stops_listening_after_one_signal),
    CASE(canceled_receive_stops_listening),
    CASE(uncatchable_signal_is_refused),
    CASE(only_a_pending_receive_keeps_the_loop_alive),
    CASE(program_may_close_all_handles),
    CASE(loop_close_waits_for_handles_the_program_closes),
    CASE(loop_close_keeps_handles_of_the_program_open),
    CASE(try_next_gives_an_unreceived_signal),
  };
  return RUN(tests);
}
