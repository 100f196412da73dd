/* SPDX-License-Identifier: MIT */
/*
 * Writing traces: starting and ending them, a crash of the program, a full
 * disk, and names. test/proof/trace.py checks the other contents. Builds that
 * record no places write no traces.
 */
#include "harness.h"

#include <stdio.h>

#ifndef AVOW_TRACE

static void other_builds_write_no_trace(void **state) {
  assert_int_equal(avow_trace_start(loop, stdout), UV_ENOTSUP);
  assert_int_equal(avow_trace_stop(loop), UV_ENOTSUP);
}

SUITE(trace) {
  const struct CMUnitTest tests[] = { CASE(other_builds_write_no_trace) };
  return RUN(tests);
}

#else

enum { TEXT = 1 << 20 };

static char text[TEXT]; /* contents of the trace */
static FILE *out;

static void start(void) {
  memset(text, 0, sizeof(text));
  out = fmemopen(text, sizeof(text), "w");
  assert_non_null(out);
  assert_int_equal(avow_trace_start(loop, out), 0);
}

static void stop(void) {
  assert_int_equal(avow_trace_stop(loop), 0);
  assert_int_equal(fclose(out), 0);
}

static unsigned events_seen;

static void count_events(avow_event_t event, const avow_promise_t *p,
                         void *data) {
  events_seen++;
}

static size_t count_of(const char *words) {
  size_t n = 0;
  for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
    n++;
  return n;
}

static void assert_has(const char *words) {
  if (count_of(words) == 0)
    fail_msg("no '%s' in: %s", words, text);
}

static void second_trace_is_refused(void **state) {
  start();

  assert_int_equal(avow_trace_start(loop, stdout), UV_EBUSY);

  stop();
  assert_int_equal(avow_trace_stop(loop), UV_EINVAL);
}

static void program_still_receives_events(void **state) {
  const avow_options_t options = { STEADY, .on_event = count_events };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  start();
  events_seen = 0;

  avow_unref(avow_promise_resolve(loop, avow_none()));
  assert_int_equal(events_seen, 3);
  stop();
  avow_unref(avow_promise_resolve(loop, avow_none()));

  assert_int_equal(events_seen, 6);
}

static void trace_without_memory_does_not_start(void **state) {
  fail_allocation(1, false);
  assert_int_equal(avow_trace_start(loop, stdout), UV_ENOMEM);
  fail_allocation(0, false);

  assert_int_equal(avow_trace_stop(loop), UV_EINVAL);
}

static void empty_trace_is_an_array(void **state) {
  start();
  stop();

  assert_int_equal(text[0], '[');
  assert_string_equal(text + strlen(text) - 3, "\n]\n");
}

static void tracing_allocates_only_at_its_start(void **state) {
  start();
  const long calls = allocation_calls(), live = live_allocations();

  for (int i = 0; i < 2000; i++)
    avow_unref(avow_promise_resolve(loop, avow_none()));

  assert_int_equal(live_allocations(), live);
#  ifndef AVOW_NO_POOL
  assert_int_equal(allocation_calls(), calls);
#  else
  assert_true(allocation_calls() > calls);
#  endif
  stop();
  assert_int_equal(count_of("\"ph\":\"b\""), 2000);
  assert_int_equal(count_of("\"state\":\"fulfilled\""), 2000);
}

static void pending_promise_starts_and_ends_with_the_trace(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);

  start();
  stop();

  assert_has("\"name\":\"deferred");
  assert_has("\"state\":\"pending\"");
  avow_deferred_drop(d);
  avow_unref(p);
}

static avow_value_t go_on(const avow_value_t *error, void *data) {
  return avow_none();
}

static void outcomes_are_distinguished(void **state) {
  start();
  avow_promise_t *p = avow_sleep(loop, 3600000);
  avow_cancel(p);
  avow_unref(p);
  p = avow_promise_reject(loop, avow_error(UV_EPIPE));
  avow_unref(avow_catch(p, go_on, NULL));
  run();
  stop();

  assert_has("\"state\":\"canceled\"");
  assert_has("\"state\":\"rejected\",\"error\":\"EPIPE\"");
  assert_has("\"name\":\"cancel sleep");
}

/* A promise that the creating call settles is settled before its place is
   known. */
static void spans_have_the_same_name_at_both_ends(void **state) {
  start();
  avow_unref(avow_promise_resolve(loop, avow_none()));
  stop();

  assert_int_equal(count_of("\"name\":\"value"), 2);
}

static void names_set_by_the_program_are_in_the_trace(void **state) {
  avow_deferred_t *d;
  start();
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_set_name(p, "answer");
  avow_promise_set_name(p, NULL);
  avow_resolve(d, avow_none());
  avow_unref(p);
  stop();

  assert_int_equal(count_of("\"name\":\"answer"), 2);
}

/* A program that crashes in its next job leaves this file. */
static void file_contains_all_events_before_the_poll(void **state) {
  start();
  avow_unref(avow_next_iteration(loop));
  run();

  assert_has("\"name\":\"phase");
  assert_int_equal(text[strlen(text) - 1], '}');
  stop();
}

/* Closing a loop ends its trace. The trace includes the cancellations. */
static void loop_close_ends_the_trace(void **state) {
  start();
  avow_unref(avow_sleep(loop, 3600000));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(fclose(out), 0);
  assert_has("\"state\":\"canceled\"");
  assert_string_equal(text + strlen(text) - 3, "\n]\n");
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static avow_value_t stop_inside(void *data) {
  stop();
  return avow_none();
}

static void trace_may_end_inside_a_job(void **state) {
  start();
  avow_unref(
      avow_finally(avow_promise_resolve(loop, avow_none()), stop_inside, NULL));
  run();

  assert_int_equal(count_of("\"ph\":\"s\""), count_of("\"ph\":\"f\""));
  assert_has("\"name\":\"finally");
}

static avow_value_t start_inside(void *data) {
  start();
  return avow_none();
}

static void trace_may_start_inside_a_job(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  p = avow_finally(p, start_inside, NULL);
  avow_unref(avow_finally(p, note_fn, "later"));
  run();
  stop();

  assert_int_equal(count_of("\"ph\":\"s\""), count_of("\"ph\":\"f\""));
  assert_int_equal(count_of("\"ph\":\"b\""), count_of("\"ph\":\"e\""));
  assert_notes("later");
}

#  ifdef __linux__
static void full_disk_is_reported_when_the_trace_ends(void **state) {
  FILE *full = fopen("/dev/full", "w");
  assert_non_null(full);
  assert_int_equal(avow_trace_start(loop, full), 0);

  for (int i = 0; i < 2000; i++)
    avow_unref(avow_promise_resolve(loop, avow_none()));

  assert_int_equal(avow_trace_stop(loop), UV_ENOSPC);
  (void) fclose(full); /* fails because data is unwritten */
}
#  endif

static void names_are_escaped(void **state) {
  avow_deferred_t *d;
  start();
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_set_name(p, "a\"b\\c\td\xc3\xa9\xff\xe2\x82.c");
  avow_resolve(d, avow_none());
  avow_unref(p);
  stop();

  assert_has("\"name\":\"a\\\"b\\\\c\\u0009d\xc3\xa9\\ufffd\\ufffd\\ufffd.c");
}

static void long_names_do_not_lose_events(void **state) {
  avow_deferred_t *d;
  char name[1000];
  memset(name, '\x01', sizeof(name) - 1);
  name[sizeof(name) - 1] = '\0';
  start();
  for (int i = 0; i < 100; i++) {
    avow_promise_t *p = avow_promise_new(loop, &d);
    avow_promise_set_name(p, name);
    avow_resolve(d, avow_none());
    avow_unref(p);
  }
  stop();

  assert_has("\"name\":\"\\u0001");
  assert_int_equal(count_of("\"ph\":\"b\""), 100);
}

SUITE(trace) {
  const struct CMUnitTest tests[] = {
    CASE(second_trace_is_refused),
    CASE(program_still_receives_events),
    CASE(trace_without_memory_does_not_start),
    CASE(empty_trace_is_an_array),
    CASE(tracing_allocates_only_at_its_start),
    CASE(pending_promise_starts_and_ends_with_the_trace),
    CASE(outcomes_are_distinguished),
    CASE(spans_have_the_same_name_at_both_ends),
    CASE(names_set_by_the_program_are_in_the_trace),
    CASE(file_contains_all_events_before_the_poll),
    CASE(loop_close_ends_the_trace),
    CASE(trace_may_end_inside_a_job),
    CASE(trace_may_start_inside_a_job),
#  ifdef __linux__
    CASE(full_disk_is_reported_when_the_trace_ends),
#  endif
    CASE(names_are_escaped),
    CASE(long_names_do_not_lose_events),
  };
  return RUN(tests);
}

#endif
