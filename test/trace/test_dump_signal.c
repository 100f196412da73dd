/* SPDX-License-Identifier: MIT */
/* Dumps on a signal: their output and their cleanup. */
#include <signal.h>
#include <stdio.h>

#include "harness.h"

static char *text;
static size_t size;
static FILE *out;

static int open_setup(void **state) {
  out = open_memstream(&text, &size);
  return out != NULL ? harness_setup(state) : -1;
}

/* Closes the loop before the file, because the loop may write to the file. */
static int close_teardown(void **state) {
  const int failed = harness_teardown(state);
  const int err = fclose(out);
  free(text);
  return failed != 0 ? failed : err;
}

/* Lets libuv receive the raised signals. */
static void receive_signals(void) {
  assert_fulfills_none(avow_sleep(loop, 1));
  assert_fulfills_none(avow_after_poll(loop));
}

static void nothing(uv_timer_t *timer) {
}

/* Waits for the output of the signal without a promise. */
static void wait_for_output(void) {
  uv_timer_t far;
  assert_int_equal(uv_timer_init(loop, &far), 0);
  assert_int_equal(uv_timer_start(&far, nothing, 60000, 0), 0);
  while (fflush(out) == 0 && text[0] == '\0')
    (void) uv_run(loop, UV_RUN_ONCE);
  close_handle((uv_handle_t *) &far, NULL);
  run();
}

static void assert_printed(const char *words) {
  if (strstr(text, words) == NULL)
    fail_msg("no '%s' in '%s'", words, text);
}

static void signal_prints_figures_and_promises(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  assert_int_equal(avow_dump_on_signal(loop, SIGUSR1, out), 0);
  receive_signals();
  assert_int_equal(fflush(out), 0);
  assert_string_equal(text, "");

  (void) raise(SIGUSR1); /* the loop catches it */
  wait_for_output();

  assert_printed("avow: 1 promises, 1 pending; ");
  assert_printed(
      "avow: 0 requests, 0 on the thread pool, at least 0 of them "
      "waiting\n");
  assert_printed(" pending deferred");
  assert_null(strstr(text, "turns"));
  assert_null(strstr(text, "slow"));
  avow_deferred_drop(d);
  assert_rejects(p, AVOW_EBROKEN);
}

static avow_value_t stall_cb(const avow_value_t *arg, void *data) {
  stall(2);
  return avow_none();
}

static void signal_prints_measurements(void **state) {
  const avow_options_t options = { .budget_us = UINT_MAX, .slow_us = 1000 };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  avow_loop_measure(loop);
  assert_int_equal(avow_dump_on_signal(loop, SIGUSR1, out), 0);
  assert_fulfills_none(avow_then(avow_sleep(loop, 1), stall_cb, NULL, NULL));

  (void) raise(SIGUSR1); /* the loop catches it */
  receive_signals();

  assert_printed(" iterations, us: median ");
  assert_printed(" slow jobs, longest ");
}

static void each_signal_prints_again(void **state) {
  assert_int_equal(avow_dump_on_signal(loop, SIGUSR1, out), 0);
  (void) raise(SIGUSR1); /* the loop catches it */
  receive_signals();
  const size_t once = size;

  (void) raise(SIGUSR1); /* likewise */
  receive_signals();

  assert_true(once > 0 && size > once);
}

static void several_signals_print(void **state) {
  assert_int_equal(avow_dump_on_signal(loop, SIGUSR1, out), 0);
  assert_int_equal(avow_dump_on_signal(loop, SIGUSR2, out), 0);

  (void) raise(SIGUSR2); /* the loop catches it */
  receive_signals();

  assert_printed("avow: ");
}

static void listening_does_not_keep_the_loop_alive(void **state) {
  assert_int_equal(avow_dump_on_signal(loop, SIGUSR1, out), 0);

  assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
}

/* Without a listener, the signal has its default effect again. */
static void closed_loop_stops_listening(void **state) {
  struct sigaction before, after;
  assert_int_equal(sigaction(SIGUSR1, NULL, &before), 0);
  assert_int_equal(avow_dump_on_signal(loop, SIGUSR1, out), 0);
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(sigaction(SIGUSR1, NULL, &after), 0);

  assert_true(before.sa_handler == after.sa_handler);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void invalid_signals_are_refused(void **state) {
  assert_int_equal(avow_dump_on_signal(loop, 0, out), UV_EINVAL);
  assert_int_equal(avow_dump_on_signal(loop, SIGKILL, out), UV_EINVAL);
}

static void signals_that_end_a_program_are_refused(void **state) {
  const int signals[] = { SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                          SIGABRT, SIGSTOP, SIGKILL };
  for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
    assert_int_equal(avow_dump_on_signal(loop, signals[i], out), UV_EINVAL);
}

static void repeated_signal_and_file_are_refused(void **state) {
  assert_int_equal(avow_dump_on_signal(loop, SIGUSR1, out), 0);
  assert_int_equal(avow_dump_on_signal(loop, SIGUSR2, out), 0);

  assert_int_equal(avow_dump_on_signal(loop, SIGUSR1, out), UV_EALREADY);
  assert_int_equal(avow_dump_on_signal(loop, SIGUSR2, out), UV_EALREADY);
  assert_int_equal(avow_dump_on_signal(loop, SIGUSR1, stderr), 0);
}

static int asked_at_the_end;

static avow_value_t dump_while_closing(void *data) {
  asked_at_the_end = avow_dump_on_signal(loop, SIGUSR1, out);
  return avow_none();
}

static void closing_loop_refuses_dumps(void **state) {
  avow_unref(avow_finally(avow_sleep(loop, 3600000), dump_while_closing, NULL));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(asked_at_the_end, UV_ECANCELED);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void dump_without_memory_is_refused(void **state) {
  fail_allocation(1, true);
  const int err = avow_dump_on_signal(loop, SIGUSR1, out);
  fail_allocation(0, false);

  assert_int_equal(err, UV_ENOMEM);
}

/* A handle that the program closes with its own handles is freed too. */
static void handle_that_the_program_closed_is_freed(void **state) {
  assert_int_equal(avow_dump_on_signal(loop, SIGUSR1, out), 0);

  uv_walk(loop, close_handle, NULL);
  assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
  renew_loop();

  assert_int_equal(size, 0);
}

#define WITH_FILE(f) \
  cmocka_unit_test_setup_teardown(f, open_setup, close_teardown)

SUITE(dump_signal) {
  const struct CMUnitTest tests[] = {
    WITH_FILE(signal_prints_figures_and_promises),
    WITH_FILE(signal_prints_measurements),
    WITH_FILE(each_signal_prints_again),
    WITH_FILE(several_signals_print),
    WITH_FILE(listening_does_not_keep_the_loop_alive),
    WITH_FILE(closed_loop_stops_listening),
    WITH_FILE(invalid_signals_are_refused),
    WITH_FILE(signals_that_end_a_program_are_refused),
    WITH_FILE(repeated_signal_and_file_are_refused),
    WITH_FILE(closing_loop_refuses_dumps),
    WITH_FILE(dump_without_memory_is_refused),
    WITH_FILE(handle_that_the_program_closed_is_freed),
  };
  return RUN(tests);
}
