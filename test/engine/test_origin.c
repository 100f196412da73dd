/* SPDX-License-Identifier: MIT */
/*
 * Places: trace builds know where a promise was made, and their reports and
 * dumps say so. Other builds know nothing of it. This is compiled as programs
 * are, without AVOW_BUILDING, so the macros that announce its calls are on.
 */
#include "harness.h"

#include <stdio.h>
#include <unistd.h>

enum { PLACE = 256, TEXT = 4096 };

static char expected[PLACE], reported[PLACE];
static int reports;

static void keep_report(uv_loop_t *l, const avow_value_t *reason,
                        const char *where, void *data) {
  reports++;
  (void) snprintf(reported, sizeof(reported), "%s",
                  where != NULL ? where : "nowhere");
}

/* Reports go to keep_report() for the rest of the test. */
static void keep_reports(void) {
  const avow_options_t options = { .budget_us = UINT_MAX,
                                   .on_unhandled = keep_report };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  reports = 0;
}

static void expect_line(int line) {
#ifdef AVOW_TRACE
  (void) snprintf(expected, sizeof(expected), "%s:%d", __FILE__, line);
#else
  (void) snprintf(expected, sizeof(expected), "nowhere");
#endif
}

/* To stand on the line of the call whose promise is to be reported. */
#define HERE expect_line(__LINE__)

static void assert_reported(void) {
  assert_int_equal(reports, 1);
  assert_string_equal(reported, expected);
}

static char text[TEXT]; /* of the last dump */

static void dump(void) {
  FILE *out = fmemopen(text, sizeof(text), "w");
  assert_non_null(out);
  avow_loop_dump(loop, out, AVOW_DUMP_TEXT);
  assert_int_equal(fclose(out), 0);
}

/* Dumps and looks for the place, in a trace build, or for none. */
static void assert_dumped(void) {
  dump();
#ifdef AVOW_TRACE
  char place[PLACE + 16];
  (void) snprintf(place, sizeof(place), " made at %s ", expected);
  if (strstr(text, place) == NULL)
    fail_msg("no '%s' in: %s", place, text);
  assert_non_null(strstr(text, " ms ago\n"));
#else
  assert_null(strstr(text, "made at"));
  assert_null(strstr(text, " ago"));
#endif
}

static avow_value_t throw_fn(void *data) {
  return avow_error(UV_EIO);
}

static avow_value_t throw_cb(const avow_value_t *arg, void *data) {
  return avow_error(UV_EIO);
}

static void report_of_a_rejected_promise_says_where(void **state) {
  keep_reports();

  HERE, avow_unref(avow_promise_reject(loop, avow_error(UV_EIO)));

  assert_reported();
}

static void report_of_a_thrown_error_says_where(void **state) {
  keep_reports();

  HERE, avow_unref(avow_try(loop, throw_fn, NULL));

  assert_reported();
}

static void report_of_a_dropped_deferred_says_where(void **state) {
  avow_deferred_t *d;
  keep_reports();

  HERE, avow_unref(avow_promise_new(loop, &d));
  avow_deferred_drop(d);

  assert_reported();
}

static void report_of_a_chain_says_where_its_end_was_made(void **state) {
  keep_reports();
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());

  p = avow_then(p, throw_cb, NULL, NULL);
  HERE, avow_unref(avow_finally(p, note_fn, "finally"));
  run();

  assert_reported();
}

static avow_promise_t *make_sleep(void) {
  return avow_sleep(loop, 0);
}

/* The argument is made, elsewhere, between the call's beginning and its end. */
static void place_is_that_of_the_call_not_of_its_argument(void **state) {
  keep_reports();

  HERE, avow_unref(avow_then(make_sleep(), throw_cb, NULL, NULL));
  run();

  assert_reported();
}

static avow_value_t make_in_handler(const avow_value_t *arg, void *data) {
  return avow_follow(avow_sleep(loop, 0));
}

static void place_stays_when_handlers_make_promises(void **state) {
  keep_reports();
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());

  p = avow_then(p, make_in_handler, NULL, NULL);
  HERE, p = avow_then(p, throw_cb, NULL, NULL);
  avow_unref(p);
  run();

  assert_reported();
}

static void default_report_says_where(void **state) {
  char line[PLACE + 32];
  FILE *file = tmpfile();
  assert_non_null(file);
  (void) fflush(stderr);
  const int saved = dup(STDERR_FILENO);
  assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);

  HERE, avow_unref(avow_promise_reject(loop, avow_error(UV_EIO)));
  (void) dup2(saved, STDERR_FILENO);
  (void) close(saved);

  rewind(file);
  const size_t len = fread(text, 1, sizeof(text) - 1, file);
  text[len] = '\0';
  (void) fclose(file);
  (void) snprintf(line, sizeof(line), ", promise made at %s\n", expected);
  assert_non_null(strstr(text, "unhandled rejection: i/o error (EIO)"));
#ifdef AVOW_TRACE
  assert_non_null(strstr(text, line));
#else
  assert_null(strstr(text, "made at"));
#endif
}

static void dump_says_where_each_was_made(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p;

  HERE, p = avow_promise_new(loop, &d);
  assert_dumped();
  HERE, p = avow_catch(p, throw_cb, NULL);
  assert_dumped();
  HERE, p = avow_attach(p, "freed", note_free);
  assert_dumped();
  HERE, p = avow_timeout(p, 60000);
  assert_dumped();

  assert_true(avow_resolve(d, avow_none()));
  assert_fulfils_none(p);
}

static void dump_says_where_each_combinator_was_made(void **state) {
  avow_deferred_t *d;
  avow_promise_t *const input = avow_promise_new(loop, &d);
  avow_promise_t *p[5];

  HERE, p[0] = avow_all(loop, (avow_promise_t *[]){ avow_ref(input) }, 1);
  assert_dumped();
  HERE, p[1] = avow_race(loop, (avow_promise_t *[]){ avow_ref(input) }, 1);
  assert_dumped();
  HERE, p[2] = avow_any(loop, (avow_promise_t *[]){ avow_ref(input) }, 1);
  assert_dumped();
  HERE, p[3] = avow_until(avow_ref(input), p[0]);
  assert_dumped();
  avow_gather_t *g;
  HERE, p[4] = avow_gather_new(loop, AVOW_RACE, &g);
  assert_dumped();
  avow_gather_unref(g);

  assert_true(avow_resolve(d, avow_none()));
  for (int i = 0; i < 5; i++)
    avow_unref(p[i]);
  avow_unref(input);
}

static void dump_says_where_sources_were_made(void **state) {
  avow_remote_t *r;
  avow_promise_t *p;

  HERE, avow_unref(avow_sleep(loop, 0));
  assert_dumped();
  HERE, p = avow_repeat(loop, throw_fn, NULL);
  assert_dumped();
  assert_rejects(p, UV_EIO);
  HERE, p = avow_remote_new(loop, &r);
  assert_dumped();

  assert_int_equal(avow_remote_resolve(r, avow_none()), 0);
  assert_fulfils_none(p);
}

#ifndef NDEBUG

enum { SETTLES = __LINE__ + 3 };

static void settle(avow_deferred_t *d) {
  (void) avow_resolve(d, avow_none()); /* true */
}

static void settle_and_drop(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d); /* which stays */
  (void) avow_deferred_ref(d);                    /* the same */
  settle(d);
  settle(d);
  avow_deferred_drop(d);
  avow_unref(p);
}

static void deferred_settled_twice_says_where_it_was(void **state) {
  char said[2 * PLACE] = "settled already, at a place that a trace build would";
#  ifdef AVOW_TRACE
  (void) snprintf(said, sizeof(said), "settled already, at %s:%d (", __FILE__,
                  SETTLES);
#  endif
  assert_misuse(settle_and_drop, said);
}

#endif

#ifdef AVOW_TRACE

static void place_may_be_given_by_hand(void **state) {
  keep_reports();

  avow_promise_t *p = (avow_promise_reject) (loop, avow_error(UV_EIO));
  avow_unref(avow_trace_made("script.lua", 12, p));

  assert_string_equal(reported, "script.lua:12");
}

static void place_is_escaped_in_a_dump(void **state) {
  char dump[1024] = "";
  FILE *out = fmemopen(dump, sizeof(dump), "w");
  assert_non_null(out);
  avow_deferred_t *d;
  avow_promise_t *p = (avow_promise_new) (loop, &d);
  p = avow_trace_made("a \"b\" \\c", 3, p);

  avow_loop_dump(loop, out, AVOW_DUMP_DOT);
  assert_int_equal(fclose(out), 0);

  assert_non_null(strstr(dump, "\\nmade at a \\\"b\\\" \\\\c:3\\n"));
  assert_true(avow_resolve(d, avow_none()));
  avow_unref(p);
}

static void settle_nothing(void) {
  assert_false(avow_resolve(NULL, avow_none()));
}

static void place_of_a_settling_is_noted_of_a_deferred_only(void **state) {
  assert_misuse(settle_nothing, "a deferred is NULL");
}

static void place_that_is_not_known_is_null(void **state) {
  keep_reports();

  avow_unref((avow_promise_reject) (loop, avow_error(UV_EIO)));

  assert_int_equal(reports, 1);
  assert_string_equal(reported, "nowhere");
}

/* The number at the beginning of the dump's line that has the words in it. */
static unsigned number_before(const char *words) {
  unsigned number = 0;
  const char *line = strstr(text, words);
  assert_non_null(line);
  while (line > text && line[-1] != '\n')
    line--;
  assert_int_equal(sscanf(line, "p%u ", &number), 1);
  return number;
}

static void promises_are_numbered_in_the_order_of_their_making(void **state) {
  char words[PLACE];
  avow_promise_t *p = avow_sleep(loop, 0);
  p = avow_then(p, NULL, NULL, NULL);

  dump();

  const unsigned first = number_before("pending sleep");
  (void) snprintf(words, sizeof(words), "pending then waits for p%u ", first);
  assert_int_equal(number_before(words), first + 1);
  assert_fulfils_none(p);
}

#  ifndef AVOW_NO_ASYNC

static avow_value_t await_unannounced(void *p) {
  return (avow_await) (p);
}

static void await_of_no_place_has_none_in_a_dump(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *q = avow_async(loop, await_unannounced, p);

  dump();

  assert_non_null(strstr(text, "async"));
  assert_null(strstr(text, "awaits at"));
  assert_true(avow_resolve(d, avow_none()));
  assert_fulfils_none(q);
}

static int line_of_await;

static avow_value_t await_int_announced(void *p) {
  int64_t got;
  line_of_await = __LINE__ + 1;
  return avow_await_int(p, &got);
}

static void place_of_an_await_that_knows_its_type_is_the_programs(
    void **state) {
  char place[PLACE];
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *q = avow_async(loop, await_int_announced, p);

  dump();

  (void) snprintf(place, sizeof(place), "test_origin.c:%d", line_of_await);
  assert_non_null(strstr(strstr(text, "awaits at"), place));
  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfils_none(q);
}

#  endif

static void first_place_stays(void **state) {
  keep_reports();
  avow_promise_t *p = (avow_promise_reject) (loop, avow_error(UV_EIO));

  p = avow_trace_made("here.c", 2, p);
  p = avow_promise_resolve(loop, avow_follow(p)); /* it returns the same */
  avow_unref(p);

  assert_string_equal(reported, "here.c:2");
}

#else

static void announced_place_is_not_kept(void **state) {
  keep_reports();

  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_EIO));
  avow_unref(avow_trace_made("script.lua", 12, p));

  assert_string_equal(reported, "nowhere");
}

#endif

SUITE(origin) {
  const struct CMUnitTest tests[] = {
    CASE(report_of_a_rejected_promise_says_where),
    CASE(report_of_a_thrown_error_says_where),
    CASE(report_of_a_dropped_deferred_says_where),
    CASE(report_of_a_chain_says_where_its_end_was_made),
    CASE(place_is_that_of_the_call_not_of_its_argument),
    CASE(place_stays_when_handlers_make_promises),
    CASE(default_report_says_where),
    CASE(dump_says_where_each_was_made),
    CASE(dump_says_where_each_combinator_was_made),
    CASE(dump_says_where_sources_were_made),
#ifndef NDEBUG
    CASE(deferred_settled_twice_says_where_it_was),
#endif
#ifdef AVOW_TRACE
    CASE(place_may_be_given_by_hand),
    CASE(place_is_escaped_in_a_dump),
    CASE(place_of_a_settling_is_noted_of_a_deferred_only),
    CASE(place_that_is_not_known_is_null),
    CASE(promises_are_numbered_in_the_order_of_their_making),
    CASE(first_place_stays),
#  ifndef AVOW_NO_ASYNC
    CASE(await_of_no_place_has_none_in_a_dump),
    CASE(place_of_an_await_that_knows_its_type_is_the_programs),
#  endif
#else
    CASE(announced_place_is_not_kept),
#endif
  };
  return RUN(tests);
}
