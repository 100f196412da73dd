/* SPDX-License-Identifier: MIT */
/*
 * Places: trace builds find the program's call that made a promise. Their
 * reports and dumps show it. Other builds show no place.
 */
#include "harness.h"

#include <stdio.h>
#include <unistd.h>

#ifdef AVOW_BACKTRACE
#  include <link.h>
#endif

enum { PLACE = 600, TEXT = 16384 };

static char reported[PLACE];
static int reports;

static void keep_report(uv_loop_t *l, const avow_value_t *reason,
                        const char *where, void *data) {
  reports++;
  (void) snprintf(reported, sizeof(reported), "%s",
                  where != NULL ? where : "nowhere");
}

/* Sends reports to keep_report() for the rest of the test. */
static void keep_reports(void) {
  const avow_options_t options = { STEADY, .on_unhandled = keep_report };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  reports = 0;
}

/* Addresses before and after the call whose place the test expects. */
static uintptr_t before_it, after_it;

/* Prevents the compiler from merging calls. */
static volatile unsigned looks;

static __attribute__((noinline)) uintptr_t address_here(void) {
  looks++;
  return (uintptr_t) __builtin_return_address(0);
}

#define HERE(call)                              \
  ((void) (before_it = address_here()), (call), \
   (void) (after_it = address_here()))

#ifdef AVOW_BACKTRACE

static int note_base(struct dl_phdr_info *info, size_t size, void *base) {
  *(uintptr_t *) base = info->dlpi_addr;
  return 1; /* the first object is the program */
}

/* Returns the address in "function+0x1f (program 0x12a0)" or in its last
   part. */
static uintptr_t address_in(const char *place) {
  uintptr_t base = 0;
  size_t offset = 0;
  const char *last = place;
  for (const char *at = place; (at = strstr(at, " 0x")) != NULL; at++)
    last = at;
  assert_int_equal(sscanf(last, " 0x%zx", &offset), 1);
  (void) dl_iterate_phdr(note_base, &base); /* 1: stopped at the first */
  return base + offset;
}

static bool is_here(const char *place) {
  const uintptr_t at = address_in(place);
  return at > before_it && at < after_it;
}

static void assert_is_here(const char *place) {
  if (!is_here(place))
    fail_msg("'%s' is not the call", place);
}

#endif

static void assert_reported(void) {
  assert_int_equal(reports, 1);
#ifdef AVOW_BACKTRACE
  assert_is_here(reported);
#else
  assert_string_equal(reported, "nowhere");
#endif
}

static char text[TEXT]; /* of the last dump */

static void dump(void) {
  FILE *out = fmemopen(text, sizeof(text), "w");
  assert_non_null(out);
  avow_loop_dump(loop, out);
  assert_int_equal(fclose(out), 0);
}

/* In a trace build, dumps and checks the place after `words`. In other builds,
   checks that no place is shown. */
static void assert_dumped_as(const char *words) {
  dump();
#ifdef AVOW_BACKTRACE
  bool found = false;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    char *place = strstr(line, words);
    if (place == NULL)
      continue;
    assert_non_null(strstr(place, " ms ago"));
    char *other = strstr(place, " awaits in ");
    if (other != NULL)
      *other = '\0';
    found |= is_here(place);
  }
  assert_true(found);
#else
  assert_null(strstr(text, words));
#endif
}

static void assert_dumped(void) {
  assert_dumped_as("made in ");
}

static avow_value_t throw_fn(void *data) {
  return avow_error(UV_EIO);
}

static avow_value_t throw_cb(const avow_value_t *arg, void *data) {
  return avow_error(UV_EIO);
}

static void report_of_a_rejected_promise_shows_the_place(void **state) {
  keep_reports();

  HERE(avow_unref(avow_promise_reject(loop, avow_error(UV_EIO))));

  assert_reported();
}

static void report_of_a_thrown_error_shows_the_place(void **state) {
  keep_reports();

  HERE(avow_unref(avow_try(loop, throw_fn, NULL)));

  assert_reported();
}

static void report_of_a_dropped_deferred_shows_the_place(void **state) {
  avow_deferred_t *d;
  keep_reports();

  HERE(avow_unref(avow_promise_new(loop, &d)));
  avow_deferred_drop(d);

  assert_reported();
}

static void report_of_a_chain_shows_the_place_of_its_end(void **state) {
  keep_reports();
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());

  p = avow_then(p, throw_cb, NULL, NULL);
  HERE(avow_unref(avow_finally(p, note_fn, "finally")));
  run();

  assert_reported();
}

static avow_promise_t *make_sleep(void) {
  return avow_sleep(loop, 0);
}

/* Another function makes the argument while the call is in progress. */
static void place_is_of_the_call_not_of_its_argument(void **state) {
  keep_reports();

  HERE(avow_unref(avow_then(make_sleep(), throw_cb, NULL, NULL)));
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
  HERE(p = avow_then(p, throw_cb, NULL, NULL));
  avow_unref(p);
  run();

  assert_reported();
}

static void default_report_shows_the_place(void **state) {
  FILE *file = tmpfile();
  assert_non_null(file);
  (void) fflush(stderr);
  const int saved = dup(STDERR_FILENO);
  assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);

  HERE(avow_unref(avow_promise_reject(loop, avow_error(UV_EIO))));
  (void) dup2(saved, STDERR_FILENO);
  (void) close(saved);

  rewind(file);
  const size_t len = fread(text, 1, sizeof(text) - 1, file);
  text[len] = '\0';
  (void) fclose(file);
  assert_non_null(strstr(text, "unhandled rejection: i/o error (EIO)"));
#ifdef AVOW_BACKTRACE
  assert_is_here(strstr(text, ", promise made in "));
#else
  assert_null(strstr(text, "made in"));
#endif
}

static void dump_shows_the_place_of_each_promise(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p;

  HERE(p = avow_promise_new(loop, &d));
  assert_dumped();
  HERE(p = avow_catch(p, throw_cb, NULL));
  assert_dumped();
  HERE(p = avow_attach(p, "freed", note_free));
  assert_dumped();
  HERE(p = avow_timeout(p, 60000));
  assert_dumped();

  assert_true(avow_resolve(d, avow_none()));
  assert_fulfills_none(p);
}

static void dump_shows_the_place_of_each_combinator(void **state) {
  avow_deferred_t *d;
  avow_promise_t *const input = avow_promise_new(loop, &d);
  avow_promise_t *p[5];

  HERE(p[0] = avow_all(loop, (avow_promise_t *[]){ avow_ref(input) }, 1));
  assert_dumped();
  HERE(p[1] = avow_race(loop, (avow_promise_t *[]){ avow_ref(input) }, 1));
  assert_dumped();
  HERE(p[2] = avow_any(loop, (avow_promise_t *[]){ avow_ref(input) }, 1));
  assert_dumped();
  HERE(p[3] = avow_until(avow_ref(input), p[0]));
  assert_dumped();
  avow_gather_t *g;
  HERE(p[4] = avow_gather_new(loop, AVOW_RACE, &g));
  assert_dumped();
  avow_gather_unref(g);

  assert_true(avow_resolve(d, avow_none()));
  for (int i = 0; i < 5; i++)
    avow_unref(p[i]);
  avow_unref(input);
}

static void dump_shows_the_place_of_each_source(void **state) {
  avow_remote_t *r;
  avow_promise_t *p;

  HERE(avow_unref(avow_sleep(loop, 0)));
  assert_dumped();
  HERE(p = avow_repeat(loop, throw_fn, NULL));
  assert_dumped();
  assert_rejects(p, UV_EIO);
  HERE(p = avow_remote_new(loop, &r));
  assert_dumped();

  assert_int_equal(avow_remote_resolve(r, avow_none()), 0);
  assert_fulfills_none(p);
}

#ifndef NDEBUG

static void settle(avow_deferred_t *d) {
  (void) avow_resolve(d, avow_none()); /* true */
}

static void settle_and_drop(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d); /* kept until the end */
  (void) avow_deferred_ref(d);                    /* returns d */
  settle(d);
  settle(d);
  avow_deferred_drop(d);
  avow_unref(p);
}

static void report_of_a_double_settle_shows_the_place(void **state) {
#  ifdef AVOW_BACKTRACE
  assert_misuse(settle_and_drop, "deferred used after it was settled in ");
  assert_misuse(settle_and_drop, "/test_engine 0x");
#  else
  assert_misuse(settle_and_drop, "settled (its promise is fulfilled)");
#  endif
}

static void use_a_taken_promise(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_unref(avow_then(p, throw_cb, NULL, NULL));
  avow_unref(avow_then(p, throw_cb, NULL, NULL));
}

static void misuse_of_a_promise_shows_the_place(void **state) {
  assert_misuse(use_a_taken_promise, "call avow_ref() before passing it on");
#  ifdef AVOW_BACKTRACE
  assert_misuse(use_a_taken_promise, " (promise made in ");
#  endif
}

#endif

/* Returns the number at the start of the line of the dump that contains
   `words`. */
#ifdef AVOW_TRACE

static unsigned number_before(const char *words) {
  unsigned number = 0;
  const char *line = strstr(text, words);
  assert_non_null(line);
  while (line > text && line[-1] != '\n')
    line--;
  assert_int_equal(sscanf(line, "p%u ", &number), 1);
  return number;
}

static void promises_are_numbered_in_creation_order(void **state) {
  char words[64];
  avow_promise_t *p = avow_sleep(loop, 0);
  p = avow_then(p, NULL, NULL, NULL);

  dump();

  const unsigned first = number_before("pending sleep");
  (void) snprintf(words, sizeof(words), "pending then waits for p%u ", first);
  assert_int_equal(number_before(words), first + 1);
  assert_fulfills_none(p);
}

#endif

static avow_value_t sleep_in_handler(const avow_value_t *arg, void *data) {
  avow_promise_t *p;
  HERE(p = avow_sleep(loop, 0));
  assert_dumped();
  return avow_follow(p);
}

/* The place is the innermost call that is not in avow, even if avow calls the
   handler. */
static void place_in_a_handler_is_inside_the_handler(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());

  assert_fulfills_none(avow_then(p, sleep_in_handler, NULL, NULL));
}

#ifndef AVOW_NO_ASYNC

static avow_value_t sleep_on_stack(void *data) {
  avow_promise_t *p;
  HERE(p = avow_sleep(loop, 0));
  assert_dumped();
  return avow_await(p);
}

static void place_in_an_async_function_is_found(void **state) {
  assert_fulfills_none(avow_async(loop, sleep_on_stack, NULL));
}

static avow_value_t await_it(void *p) {
  avow_value_t got;
  HERE(got = avow_await(p));
  return got;
}

static void dump_shows_the_place_of_an_await(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  before_it = 0;
  avow_promise_t *q = avow_async(loop, await_it, p);
  after_it = before_it + 64; /* the call has not returned */

  assert_dumped_as("awaits in ");

  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfills_int(q, 1);
}

#endif

SUITE(origin) {
  const struct CMUnitTest tests[] = {
    CASE(report_of_a_rejected_promise_shows_the_place),
    CASE(report_of_a_thrown_error_shows_the_place),
    CASE(report_of_a_dropped_deferred_shows_the_place),
    CASE(report_of_a_chain_shows_the_place_of_its_end),
    CASE(place_is_of_the_call_not_of_its_argument),
    CASE(place_stays_when_handlers_make_promises),
    CASE(default_report_shows_the_place),
    CASE(dump_shows_the_place_of_each_promise),
    CASE(dump_shows_the_place_of_each_combinator),
    CASE(dump_shows_the_place_of_each_source),
#ifndef NDEBUG
    CASE(report_of_a_double_settle_shows_the_place),
    CASE(misuse_of_a_promise_shows_the_place),
#endif
#ifdef AVOW_TRACE
    CASE(promises_are_numbered_in_creation_order),
#endif
    CASE(place_in_a_handler_is_inside_the_handler),
#ifndef AVOW_NO_ASYNC
    CASE(place_in_an_async_function_is_found),
    CASE(dump_shows_the_place_of_an_await),
#endif
  };
  return RUN(tests);
}
