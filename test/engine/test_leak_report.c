/* SPDX-License-Identifier: MIT */
/*
 * References that are left when a loop is closed: checked builds report them,
 * and name the function that releases each. Release builds report nothing.
 */
#include "harness.h"

#include <stdio.h>

static void close_it(void) {
  assert_int_equal(avow_loop_close(loop), 0);
}

/* Closes the loop and asserts that it prints `expected`. Trace builds also
   print where each object was made. Opens the loop again. */
static void assert_reported(const char *expected) {
  char text[512] = "";
  char line[256];
  FILE *file = stderr_of(close_it);
  while (fgets(line, sizeof(line), file) != NULL) {
    assert_non_null(strstr(line, "avow: "));
    if (strstr(line, "made in") == NULL)
      (void) strncat(text, line, sizeof(text) - strlen(text) - 1);
  }
  (void) fclose(file);
#ifdef NDEBUG
  expected = "";
#endif
  assert_string_equal(text, expected);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

#define TOLD(what) "avow: avow_loop_close(): " what "\n"

static void referenced_promises_are_reported(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));
  avow_promise_t *q = avow_sleep(loop, 60000);

  assert_reported(
      TOLD("2 promises are still referenced; call avow_unref() on them"));

  avow_unref(p);
  assert_reported("");
  avow_unref(q);
}

static void object_in_a_referenced_promise_is_reported(void **state) {
  static const avow_class_t klass = { .name = "lamp" };
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));
  avow_promise_t *q =
      avow_promise_resolve(loop, avow_object(&klass, "of a genie"));

  assert_reported(TOLD("2 promises are still referenced; "
                       "call avow_unref() on them")
              "avow:   one of these promises has an object: lamp\n");

  avow_unref(p);
  avow_unref(q);
}

static void released_objects_are_not_reported(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));
  avow_group_t *g;
  avow_unref(avow_group_new(loop, &g));
  avow_group_unref(g);
  avow_unref(p);

  assert_reported("");
}

static void referenced_deferred_is_reported(void **state) {
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));

  assert_reported(
      TOLD("1 deferred is still referenced; call avow_deferred_drop() on it"));

  avow_deferred_drop(d);
}

/* Closes the loop. Asserts that the report starts with `first` and has `lines`
   lines about deferreds. */
static void assert_reports_first(const char *first, size_t lines) {
  char text[1024];
  FILE *file = stderr_of(close_it);
  text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
  (void) fclose(file);
#ifdef NDEBUG
  assert_string_equal(text, "");
#else
  assert_ptr_equal(strstr(text, first), text);
  size_t found = 0;
  for (const char *at = text; (at = strstr(at, "avow:   deferred")) != NULL;
       at++)
    found++;
  assert_int_equal(found, lines);
#endif
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* Takes a promise out of a value, which no program can do. */
static void break_ring(const avow_value_t *held) {
  const union {
    const avow_value_t *from;
    avow_value_t *to;
  } same = { .from = held };
  const avow_value_t v = *held;
  *same.to = avow_none();
  avow_value_unref(v);
}

static void promise_that_is_its_own_reason_is_reported(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  assert_true(avow_reject(d, avow_follow(avow_ref(p))));
  const avow_value_t *reason = avow_result(p);

  assert_reports_first(
      "avow: avow_loop_close(): 1 promise is held by its own value "
      "and never freed; settle it with another value:\n",
      1);

  break_ring(avow_error_cause(reason));
  avow_unref(p);
}

static avow_value_t list_with(avow_promise_t *p) {
  avow_value_t items[] = { avow_int(1), avow_follow(p) };
  return avow_list(items, 2);
}

static void promises_that_reference_each_other_are_reported(void **state) {
  avow_deferred_t *d, *e;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *q = avow_promise_new(loop, &e);
  assert_true(avow_resolve(d, list_with(avow_ref(q))));
  assert_true(avow_resolve(e, list_with(avow_ref(p))));
  avow_unref(q);

  assert_reports_first(
      "avow: avow_loop_close(): 2 promises are held by each other's "
      "values and never freed; settle one of them with another "
      "value:\n",
      2);

  break_ring(avow_list_at(avow_result(p), 1));
  avow_unref(p);
}

static void promise_in_a_value_is_not_reported_as_a_cycle(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *q = avow_promise_resolve(loop, avow_int(1));
  assert_true(avow_resolve(d, list_with(q)));

  assert_reported(
      TOLD("2 promises are still referenced; call avow_unref() on them"));

  avow_unref(p);
}

static void referenced_channel_is_reported(void **state) {
  avow_channel_t *channel = avow_channel_new(loop, 1);

  assert_reported(
      TOLD("1 channel is still referenced; call avow_channel_unref() on it"));

  avow_channel_unref(channel);
}

static void referenced_gather_is_reported(void **state) {
  avow_gather_t *g;
  avow_unref(avow_gather_new(loop, AVOW_ALL, &g));
  avow_gather_end(g);

  assert_reported(
      TOLD("1 gather is still referenced; call avow_gather_unref() on it"));

  avow_gather_unref(g);
}

static void referenced_groups_are_reported(void **state) {
  avow_group_t *g[2];
  for (int i = 0; i < 2; i++)
    avow_unref(avow_group_new(loop, &g[i]));
  avow_group_end(g[0]);

  assert_reported(
      TOLD("2 groups are still referenced; call avow_group_unref() on them"));

  for (int i = 0; i < 2; i++)
    avow_group_unref(g[i]);
}

static avow_value_t say_nothing(void *data) {
  return avow_none();
}

static void referenced_tools_are_reported(void **state) {
  avow_limiter_t *limiter = avow_limiter_new(loop, 1);
  assert_reported(
      TOLD("1 limiter is still referenced; call avow_limiter_unref() on it"));
  avow_limiter_unref(limiter);

  avow_once_t *once = avow_once_new(loop, say_nothing, NULL, NULL);
  assert_reported(
      TOLD("1 once is still referenced; call avow_once_unref() on it"));
  avow_once_unref(once);

  avow_broadcast_t *broadcast = avow_broadcast_new(loop, 1, NULL);
  assert_reported(TOLD(
      "1 broadcast is still referenced; call avow_broadcast_unref() on it"));
  avow_broadcast_unref(broadcast);

  avow_watch_t *watches[2];
  for (int i = 0; i < 2; i++)
    watches[i] = avow_watch_new(loop, avow_none());
  assert_reported(
      TOLD("2 watches are still referenced; call avow_watch_unref() on them"));
  for (int i = 0; i < 2; i++)
    avow_watch_unref(watches[i]);
}

static avow_value_t pass(const avow_value_t *item, void *data) {
  return avow_none();
}

/* The loop has the same address afterwards, but it is another loop. */
static void calls_on_objects_of_a_closed_loop_are_canceled(void **state) {
  uv_pipe_t pipe = { .loop = loop };
  avow_channel_t *channel = avow_channel_new(loop, 1);
  avow_once_t *once = avow_once_new(loop, say_nothing, NULL, NULL);
  avow_limiter_t *limiter = avow_limiter_new(loop, 1);
  avow_reader_t *reader =
      avow_reader_new(avow_uv_stream((uv_stream_t *) &pipe));

  renew_loop();

  assert_rejects(avow_once_get(once), UV_ECANCELED);
  assert_rejects(avow_limiter_acquire(limiter), UV_ECANCELED);
  assert_rejects(avow_limiter_run(limiter, say_nothing, NULL), UV_ECANCELED);
  assert_rejects(avow_reader_next(reader, 1), UV_ECANCELED);
  assert_rejects(avow_reader_until(reader, avow_string("x"), 1), UV_ECANCELED);
  assert_rejects(avow_channel_next(channel), UV_ECANCELED);
  assert_rejects(avow_channel_send(channel, avow_int(1)), UV_ECANCELED);
  assert_rejects(avow_each(channel, pass, NULL, NULL), UV_ECANCELED);
  channel = avow_channel_debounce(channel, 1, AVOW_EDGE_TRAILING);
  assert_rejects(avow_channel_next(channel), UV_ECANCELED);
  avow_channel_unref(channel);
  avow_once_unref(once);
  avow_limiter_unref(limiter);
  avow_reader_unref(reader);
}

SUITE(leak_report) {
  const struct CMUnitTest tests[] = {
    CASE(referenced_promises_are_reported),
    CASE(object_in_a_referenced_promise_is_reported),
    CASE(released_objects_are_not_reported),
    CASE(referenced_deferred_is_reported),
    CASE(promise_that_is_its_own_reason_is_reported),
    CASE(promises_that_reference_each_other_are_reported),
    CASE(promise_in_a_value_is_not_reported_as_a_cycle),
    CASE(referenced_channel_is_reported),
    CASE(referenced_gather_is_reported),
    CASE(referenced_groups_are_reported),
    CASE(referenced_tools_are_reported),
    CASE(calls_on_objects_of_a_closed_loop_are_canceled),
  };
  return RUN(tests);
}
