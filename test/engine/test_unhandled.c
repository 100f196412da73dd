/* SPDX-License-Identifier: MIT */
/* Reports of unhandled rejections. */
#include "harness.h"

#include <stdio.h>
#include <unistd.h>

static void note_unhandled(uv_loop_t *of, const avow_value_t *reason,
                           const char *where, void *data) {
  assert_ptr_equal(of, loop);
  note(data);
  note(avow_err_name(reason->code));
}

static void watch(void) {
  const avow_options_t options = { STEADY, .on_unhandled = note_unhandled,
                                   .data = "unhandled" };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
}

static avow_promise_t *failed(void) {
  return avow_promise_reject(loop, avow_error(UV_EIO));
}

static void rejection_is_reported_at_the_last_release(void **state) {
  watch();
  avow_promise_t *p = failed();

  avow_unref(avow_ref(p));
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  run();
  assert_notes("");
  avow_unref(p);

  assert_notes("unhandled EIO");
}

static void rejection_of_a_released_promise_is_reported(void **state) {
  watch();
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));

  (void) avow_reject(d, avow_error(UV_EIO));

  assert_notes("unhandled EIO");
}

static void read_rejection_is_not_reported(void **state) {
  watch();
  avow_promise_t *p = failed();

  assert_int_equal(avow_result(p)->code, UV_EIO);
  avow_unref(p);
  assert_rejects(failed(), UV_EIO);

  assert_notes("");
}

static void handled_rejection_is_reported_only_if_rethrown(void **state) {
  watch();
  avow_promise_t *p = failed();
  avow_unref(avow_catch(avow_ref(p), note_value_cb, "caught"));

  avow_unref(p);
  run();

  assert_notes("caught=EIO unhandled EIO"); /* the handler threw it again */
}

static void rejection_of_a_loser_is_not_reported(void **state) {
  watch();
  avow_deferred_t *d;
  avow_promise_t *inputs[] = { avow_promise_new(loop, &d),
                               avow_promise_resolve(loop, avow_none()) };
  assert_fulfills_none(avow_race(loop, inputs, 2));

  (void) avow_reject(d, avow_error(UV_EIO)); /* no reaction waits for it */

  assert_notes("");
}

static avow_value_t recover(const avow_value_t *reason, void *data) {
  return avow_none();
}

static void caught_rejection_is_not_reported(void **state) {
  watch();
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_unref(avow_catch(avow_ref(p), recover, NULL));

  assert_true(avow_reject(d, avow_error(UV_EIO)));
  run();
  avow_unref(p);

  assert_notes("");
}

static void rejection_is_reported_once_at_the_end_of_a_chain(void **state) {
  watch();
  avow_promise_t *p = avow_then(failed(), note_cb, NULL, "then");

  avow_unref(avow_finally(avow_then(p, note_cb, NULL, "then"), note_fn, "f"));
  run();

  assert_notes("f unhandled EIO");
}

static void rejection_is_reported_once_when_adopted(void **state) {
  watch();
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));

  (void) avow_resolve(d, avow_follow(failed()));
  run();

  assert_notes("unhandled EIO");
}

static void cancellation_is_not_reported(void **state) {
  watch();
  avow_promise_t *p = avow_sleep(loop, 60000);

  avow_cancel(p);
  avow_unref(p);
  avow_unref(avow_promise_reject(loop, avow_error(UV_ECANCELED)));

  assert_notes("");
}

static void losers_are_not_reported(void **state) {
  watch();
  avow_promise_t *(*const combine[])(uv_loop_t *, avow_promise_t *const *,
                                     size_t) = { avow_race, avow_any,
                                                 avow_all_settled };
  for (size_t i = 0; i < 3; i++) {
    avow_promise_t *ps[] = { avow_promise_resolve(loop, avow_none()), failed(),
                             failed() };
    avow_unref(combine[i](loop, ps, 3));
  }

  run();

  assert_notes("");
}

static void combined_failures_are_reported_once(void **state) {
  watch();
  avow_promise_t *ps[] = { failed(), failed() };
  avow_unref(avow_all(loop, ps, 2));
  avow_promise_t *others[] = { failed(), failed() };
  avow_unref(avow_any(loop, others, 2));

  run();

  assert_notes("unhandled EIO unhandled AVOW_EAGGREGATE");
}

static void any_of_canceled_inputs_is_not_reported(void **state) {
  watch();
  avow_promise_t *inner[] = { avow_sleep(loop, 60000),
                              avow_sleep(loop, 60000) };
  avow_promise_t *ps[] = { avow_any(loop, inner, 2), avow_sleep(loop, 60000) };
  avow_unref(avow_any(loop, ps, 2));
  avow_promise_t *mixed[] = { failed(), avow_sleep(loop, 60000) };
  avow_unref(avow_any(loop, mixed, 2));
  avow_unref(avow_any(loop, NULL, 0));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("unhandled AVOW_EAGGREGATE unhandled AVOW_EAGGREGATE");
  assert_int_equal(avow_loop_init(loop, &steady), 0); /* for the fixture */
}

static void late_rejected_input_is_not_reported(void **state) {
  watch();
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_RACE, &g);
  avow_gather_add(g, avow_promise_resolve(loop, avow_none()));
  run();

  avow_gather_add(g, failed());
  avow_gather_unref(g);
  avow_unref(p);

  assert_notes("");
}

static void ignored_rejection_is_not_reported(void **state) {
  watch();
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_deferred_t *late = avow_deferred_ref(d);
  (void) avow_resolve(d, avow_none());

  assert_false(avow_reject(late, avow_error(UV_EIO)));
  avow_unref(p);

  assert_notes("");
}

static void dropped_deferred_is_reported(void **state) {
  watch();
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));

  avow_deferred_drop(d);

  assert_notes("unhandled AVOW_EBROKEN");
}

static void referenced_rejection_is_reported_at_close(void **state) {
  watch();
  avow_promise_t *p = failed();
  avow_promise_t *q = failed();
  (void) avow_result(q); /* counts as reading it */

  renew_loop();

  assert_notes("unhandled EIO");
  avow_unref(p);
  avow_unref(q);
  assert_notes("");
}

static avow_value_t clean_up(void *data) {
  note(data);
  return avow_none();
}

static void start_a_cleanup(uv_loop_t *of, const avow_value_t *reason,
                            const char *where, void *data) {
  avow_unref(avow_finally(avow_sleep(of, 1), clean_up, data));
}

static void cleanup_started_by_a_hook_runs_during_close(void **state) {
  const avow_options_t options = { STEADY, .on_unhandled = start_a_cleanup,
                                   .data = "clean" };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  avow_promise_t *p = failed();

  renew_loop();

  assert_notes("clean");
  avow_unref(p);
}

static void hook_of_the_first_init_is_used(void **state) {
  watch();
  assert_int_equal(avow_loop_init(loop, &steady), 0);

  avow_unref(failed());

  assert_notes("unhandled EIO");
  assert_int_equal(avow_loop_close(loop), 0);
}

/* Returns how many lines `fn` prints on stderr. Stores the first one in
   `text`. */
static int said_by(void (*fn)(void), char text[256]) {
  FILE *file = stderr_of(fn);
  char more[256] = "";
  text[0] = '\0';
  int lines = fgets(text, 256, file) != NULL;
  while (fgets(more, sizeof(more), file) != NULL)
    lines++;
  (void) fclose(file);
  return lines;
}

static void release_a_failure(void) {
  avow_unref(failed());
}

static void default_report_is_one_line_on_stderr(void **state) {
  char text[256];

  assert_int_equal(said_by(release_a_failure, text), 1);

  assert_non_null(strstr(text, "unhandled rejection: i/o error (EIO)"));
}

static void release_a_failure_with_unknown_code(void) {
  avow_unref(avow_promise_reject(loop, avow_error(-30001)));
}

static void report_of_an_unknown_code_shows_its_number(void **state) {
  char text[256];

  assert_int_equal(said_by(release_a_failure_with_unknown_code, text), 1);

  assert_non_null(strstr(text, "unhandled rejection: error -30001 (-30001)"));
}

SUITE(unhandled) {
  const struct CMUnitTest tests[] = {
    CASE(rejection_is_reported_at_the_last_release),
    CASE(rejection_of_a_released_promise_is_reported),
    CASE(read_rejection_is_not_reported),
    CASE(handled_rejection_is_reported_only_if_rethrown),
    CASE(rejection_of_a_loser_is_not_reported),
    CASE(caught_rejection_is_not_reported),
    CASE(rejection_is_reported_once_at_the_end_of_a_chain),
    CASE(rejection_is_reported_once_when_adopted),
    CASE(cancellation_is_not_reported),
    CASE(losers_are_not_reported),
    CASE(combined_failures_are_reported_once),
    CASE(any_of_canceled_inputs_is_not_reported),
    CASE(late_rejected_input_is_not_reported),
    CASE(ignored_rejection_is_not_reported),
    CASE(dropped_deferred_is_reported),
    CASE(referenced_rejection_is_reported_at_close),
    CASE(cleanup_started_by_a_hook_runs_during_close),
    CASE(hook_of_the_first_init_is_used),
    CASE(default_report_is_one_line_on_stderr),
    CASE(report_of_an_unknown_code_shows_its_number),
  };
  return RUN(tests);
}
